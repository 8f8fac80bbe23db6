import fc from 'fast-check'
import t from 'tap'
import { play, sweepHistories } from '../support/histories/sweep.ts'

const numRuns = 12

t.setTimeout(300_000)

t.test(
  'G1: what appears far behind the end of a feed reaches every class of client, once, within sweeps',
  async t => {
    await fc.assert(fc.asyncProperty(sweepHistories, play), { seed: 20_261_128, numRuns })
    t.pass(`${numRuns} histories`)
  }
)
