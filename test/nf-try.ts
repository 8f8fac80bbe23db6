import fc from 'fast-check'
import * as h from './support/histories.ts'
import { play } from './support/play.ts'

const [name, runs, seed] = [
  process.argv[2]!,
  Number(process.argv[3]),
  Number(process.argv[4] ?? 20_260_115)
]
const start = Date.now()
await fc.assert(fc.asyncProperty((h as any)[name], play), {
  seed,
  numRuns: runs,
  endOnFailure: process.argv[5] !== 'shrink',
  interruptAfterTimeLimit: 240_000
})
console.log(name, runs, 'ok', Date.now() - start, 'ms')
