import fc from 'fast-check'
import t from 'tap'
import { oddTimeHistories } from '../support/histories.ts'
import { play } from '../support/play.ts'

t.setTimeout(900_000)
t.test('odd', async t => {
  const n = Number(process.env.N ?? 40),
    seed = Number(process.env.SEED ?? 20260115)
  await fc.assert(fc.asyncProperty(oddTimeHistories, play), {
    seed,
    numRuns: n,
    ...(process.env.FCPATH ? { path: process.env.FCPATH } : {}),
    endOnFailure: process.env.SHRINK !== '1',
    interruptAfterTimeLimit: 150_000
  })
  t.pass()
})
