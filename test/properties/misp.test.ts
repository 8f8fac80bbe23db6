import fc from 'fast-check'
import t from 'tap'
import { type History, keptHistories, lossyHistories, playMisp } from '../support/misp-histories.ts'

/**
 * G11: whatever happens to a feed, to the gateways that build its MISP events and to their store, after each
 * publication and pull a MISP detects what the feed holds live, and nothing else; and every publication keeps the
 * invariants INV-1 to INV-18.
 */
const variants: [title: string, arbitrary: fc.Arbitrary<History>, runs: number][] = [
  ['with crashes, restarts and two gateways on one store', keptHistories, 200],
  ['with the loss of all state', lossyHistories, 100]
]

t.setTimeout(900_000)

for (const [title, arbitrary, numRuns] of variants) {
  t.test(`a MISP stays in sync, ${title}`, async t => {
    await fc.assert(fc.asyncProperty(arbitrary, playMisp), { seed: 20_260_115, numRuns })
    t.pass(`${numRuns} histories`)
  })
}
