import fc from 'fast-check'
import t from 'tap'
import {
  lateHistories,
  type NativeHistory,
  playNative,
  wanderingHistories
} from '../support/native-histories.ts'

/**
 * Native clients of all kinds at once: whatever Sekoia, the network, the gateway and the clients do, everybody ends
 * with what Sekoia has for them, and no look-up denies what Sekoia knows.
 */
const variants: [title: string, arbitrary: fc.Arbitrary<NativeHistory>, runs: number][] = [
  ['that put the base URL back to Sekoia and return', wanderingHistories, 40],
  ['with late arrivals and objects of one time', lateHistories, 40]
]

t.setTimeout(900_000)

for (const [title, arbitrary, numRuns] of variants) {
  t.test(`no native client misses an object: clients ${title}`, async t => {
    await fc.assert(fc.asyncProperty(arbitrary, playNative), { seed: 20_260_115, numRuns })
    t.pass(`${numRuns} histories`)
  })
}
