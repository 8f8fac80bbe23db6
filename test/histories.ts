import { readdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { play } from './support/histories/play.ts'

/**
 * Plays random histories of all kinds, in turn, for as long as it is told: `npm run histories -- --minutes 60`.
 * A history that loses an object is shrunk and printed with its seed, and the run ends with exit code 1.
 * `--seed` begins the run with another seed; `--kind` plays histories of one kind alone.
 *
 * The kinds are the exports of support/histories/ whose names end in `Histories`. A file whose histories are not
 * for play.ts exports its own `play`.
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

interface Kind {
  readonly name: string
  readonly property: fc.IAsyncProperty<[unknown]>
}

async function kindsIn(file: string): Promise<Kind[]> {
  const exported: Record<string, unknown> = await import(`./support/histories/${file}`)
  const player = (exported['play'] ?? play) as (history: unknown) => Promise<void>
  return Object.entries(exported).flatMap(([name, kind]) =>
    name.endsWith('Histories')
      ? [{ name, property: fc.asyncProperty(kind as fc.Arbitrary<unknown>, player) }]
      : []
  )
}

const files = (await readdir(new URL('./support/histories', import.meta.url))).sort()
const all = (await Promise.all(files.map(kindsIn))).flat()
const chosen = all.filter(({ name }) => values.kind === undefined || name === values.kind)
if (chosen.length === 0) {
  console.error(`--kind is one of ${all.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const endsAt = performance.now() + Number(values.minutes) * 60_000
let seed = Number(values.seed)
let played = 0
const names = chosen.map(({ name }) => name).join(', ')
console.log(`seed ${seed}, ${values.minutes} minutes, ${names}`)
for (let turn = 0; performance.now() < endsAt; turn++, seed++) {
  const { name, property } = chosen[turn % chosen.length]!
  const result = await fc.check(property, { seed, numRuns: batch })
  played += result.numRuns
  if (!result.failed) {
    console.log(`${new Date().toISOString()} seed ${seed}, ${name}: ${played} histories so far`)
    continue
  }
  console.error(`${name} failed after ${played} histories:\n${fc.defaultReportMessage(result)}`)
  console.error(result.errorInstance)
  console.error(`again: npm run histories -- --kind ${name} --seed ${seed}`)
  process.exit(1)
}
console.log(`${played} histories, none failed`)
process.exit()
