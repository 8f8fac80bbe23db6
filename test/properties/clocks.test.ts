import fc from 'fast-check'
import t from 'tap'
import { clockHistories, play } from '../support/histories/clocks.ts'

t.setTimeout(300_000)

const numRuns = 50

t.test(
  'no client of any class misses an object, whatever the clocks of the machines say, once Sekoia tells its time',
  async t => {
    await fc.assert(fc.asyncProperty(clockHistories, play), { seed: 20_260_115, numRuns })
    t.pass(`${numRuns} histories`)
  }
)
