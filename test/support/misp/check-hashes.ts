import { attributesOf } from './event-parts.ts'
import { hashedParts, hashedSpellings, md5 } from './hashed-values.ts'
import { toMicros } from './instant.ts'
import { type Json, toText } from './json.ts'

export interface HashesInput {
  readonly hashes: Buffer | undefined
  /** By UUID. */
  readonly events: ReadonlyMap<string, Json>
  /** The second of the publication; without it, an attribute without to_ids may be in hashes.csv or not. */
  readonly publishedAt: number | undefined
}

/** hashes.csv against the live values of the events (MISP-1.3, INV-14). */
export function checkHashes(input: HashesInput): string[] {
  const { required, allowed } = expectedRows(input)
  if (!input.hashes) return required.size > 0 ? ['hashes.csv: it is missing'] : []
  const lines = input.hashes.toString().replace(/\n$/, '').split('\n')
  const rows = new Set(lines)
  return [
    ...checkForm(lines),
    ...[...required].filter(row => !rows.has(row)).map(row => `hashes.csv: ${row} is missing`),
    ...[...rows]
      .filter(row => !allowed.has(row))
      .map(row => `hashes.csv: ${row} is of no live value`)
  ]
}

function checkForm(lines: readonly string[]): string[] {
  return lines.flatMap((line, n) => {
    const before = lines[n - 1] ?? ''
    const isRow = /^[\da-f]{32},[\da-f-]{36}$/.test(line)
    return [
      ...(isRow ? [] : [`hashes.csv: line ${n + 1} is not md5,uuid`]),
      ...(line === before && n > 0 ? [`hashes.csv: line ${n + 1} repeats the one before`] : []),
      ...(line < before ? [`hashes.csv: line ${n + 1} is out of order`] : [])
    ]
  })
}

function expectedRows({ events, publishedAt }: HashesInput) {
  const required = new Set<string>()
  const allowed = new Set<string>()
  for (const [uuid, event] of events) {
    for (const attribute of attributesOf(event)) {
      const life = lifeOf(attribute, publishedAt)
      if (life === 'over') continue
      for (const row of rowsOf(attribute, uuid)) {
        allowed.add(row)
        if (life === 'live') required.add(row)
      }
    }
  }
  return { required, allowed }
}

const rowsOf = ({ type, value }: Json, uuid: string): string[] =>
  hashedParts(toText(type), toText(value))
    .flatMap(hashedSpellings)
    .map(spelling => `${md5(spelling)},${uuid}`)

/** An attribute without to_ids is expired, or of a type that never has it: `last_seen` tells, where it is known. */
function lifeOf(attribute: Json, publishedAt: number | undefined): 'live' | 'over' | 'unknown' {
  if (attribute['deleted'] === true) return 'over'
  if (attribute['to_ids'] === true) return 'live'
  const lastSeen = toMicros(toText(attribute['last_seen']))
  if (lastSeen === undefined || publishedAt === undefined) return 'unknown'
  return lastSeen > publishedAt * 1_000_000 ? 'live' : 'over'
}
