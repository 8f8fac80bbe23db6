import fc from 'fast-check'
import t from 'tap'
import { history, play } from '../support/history.ts'

t.setTimeout(600_000)

t.test('G1–G4: no client of any class misses an object, whatever happens', async t => {
  const runs = Number(process.env['HISTORIES'] ?? 500)
  await fc.assert(fc.asyncProperty(history, play), { seed: 20_260_115, numRuns: runs })
  t.pass(`${runs} histories`)
})
