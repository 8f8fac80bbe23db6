import { parseArgs } from 'node:util'
import fc from 'fast-check'
import * as kinds from './support/histories.ts'
import { play } from './support/play.ts'

/**
 * Plays random histories of all kinds, in turn, for as long as it is told: `npm run histories -- --minutes 60`.
 * A history that loses an object is shrunk and printed with its seed, and the run ends with exit code 1.
 * `--seed` begins the run with another seed; `--kind` plays histories of one kind alone.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    kind: { type: 'string' }
  }
})

/** Histories played before the clock is looked at again, and the next kind has its turn. */
const batch = 20

const all = Object.entries(kinds).flatMap(([name, kind]) =>
  name.endsWith('Histories') ? [[name, kind as fc.Arbitrary<kinds.History>] as const] : []
)
const chosen = all.filter(([name]) => values.kind === undefined || name === values.kind)
if (chosen.length === 0) {
  console.error(`--kind is one of ${all.map(([name]) => name).join(', ')}`)
  process.exit(2)
}

const endsAt = performance.now() + Number(values.minutes) * 60_000
let seed = Number(values.seed)
let played = 0
console.log(`seed ${seed}, ${values.minutes} minutes, ${chosen.map(([name]) => name).join(', ')}`)
for (let turn = 0; performance.now() < endsAt; turn++, seed++) {
  const [name, kind] = chosen[turn % chosen.length]!
  const result = await fc.check(fc.asyncProperty(kind, play), { seed, numRuns: batch })
  played += result.numRuns
  if (!result.failed) continue
  console.error(`${name} failed after ${played} histories:\n${fc.defaultReportMessage(result)}`)
  process.exit(1)
}
console.log(`${played} histories, none failed`)
