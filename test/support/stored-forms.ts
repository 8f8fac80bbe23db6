import { zstdDecompressSync } from 'node:zlib'
import { Access } from '../../src/auth/access.ts'
import { namesIn } from '../../src/feedlog/idle-logs.ts'
import { decodeState } from '../../src/feedlog/journal/journal-state.ts'
import { decodeBody } from '../../src/feedlog/journal/segment.ts'
import { decodeHead, type VersionPrints } from '../../src/feedlog/journal/segment-head.ts'
import { findParts } from '../../src/feedlog/journal/stored-parts.ts'
import { decodeSweep } from '../../src/feedlog/sync/sweep-progress.ts'
import { readList } from '../../src/feeds/kept-lists.ts'
import { decodeSlot } from '../../src/history/slot.ts'
import { decodeWriter } from '../../src/history/writers.ts'
import { ApiKey, type ScopeId } from '../../src/kernel/caller.ts'
import { inflatePart } from '../../src/kernel/deflated-part.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { decodeFile, unpack } from '../../src/misp/build/files.ts'
import { decodeBucket } from '../../src/misp/events/bucket.ts'
import { decodeEntry } from '../../src/native/cache/entry.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

/** Everything that the gateway stores, by the form it has. */

export interface StoredForm {
  readonly name: string
  /** Where it lies: file, name and column, or file, space and table. */
  readonly at: RegExp
  /** What the present code makes of it. Throws, or gives undefined, when it cannot read it. */
  read(stored: Buffer): unknown
  /** What tells this form from another one; a value of JSON, of which the members count. */
  shape(stored: Buffer): unknown
}

const json = (stored: Buffer): unknown => JSON.parse(stored.toString())
const unzipped = (stored: Buffer): unknown => json(zstdDecompressSync(stored))
const of = (read: (stored: Buffer) => unknown) => ({ read, shape: json })

const scope = '[0-9a-f]{32}'
const caller = { key: new ApiKey('any'), scope: 'any' as ScopeId }

/** As another process recalls it. */
function verdictOf(state: Buffer): Promise<unknown> {
  const store = createMemoryStore({ bodyMaxBytes: 1 })
  const load = async () => ({ version: 1, state, heads: [] })
  const settings = { rightsSeconds: 1, refusedSeconds: 1 }
  return new Access({ store: { ...store, load }, clock: systemClock, settings }).lastVerdict(
    caller,
    'any'
  )
}

const misp = (table: string): RegExp => new RegExp(`^documents misp1:${scope}:${scope} ${table}$`)
const log = (rest: string): RegExp => new RegExp(`^feed-log v1:${scope}:${rest}$`)

const fileForm = {
  read: async (stored: Buffer) => json(await unpack(decodeFile(stored))),
  // What the file says is a matter of MISP, not of the store.
  shape: (stored: Buffer) => ({ timestamp: decodeFile(stored).timestamp })
}

export const storedForms: readonly StoredForm[] = [
  {
    name: 'journal',
    at: log(`${scope} state`),
    ...of(state => decodeState({ state }))
  },
  {
    name: 'segment-head',
    at: log(`${scope} head`),
    read: bytes => {
      const { head, prints } = decodeHead(bytes)
      return { head, prints: rowsOf(prints) }
    },
    shape(stored) {
      const frame = zstdDecompressSync(stored)
      return json(frame.subarray(4, 4 + frame.readUInt32LE(0)))
    }
  },
  {
    name: 'segment-body',
    at: log(`${scope} body`),
    async read(stored) {
      const { entries, bytes, content, stamp, of, rules } = await decodeBody(stored)
      const parts = content?.parts?.map(part => `${inflatePart(part)}`)
      const body = { stamp, of, rules, entries: [...entries], bytes: bytes.toString() }
      return parts ? { ...body, parts } : body
    },
    shape: stored => ({
      form: `${stored.readUInt32LE(0)}`,
      ...(findParts(stored) && { parts: `${stored.readUInt32LE(stored.length - 4)}` })
    })
  },
  { name: 'sweep', at: log(`${scope}:sweep state`), ...of(decodeSweep) },
  { name: 'removed-logs', at: log('removed state'), ...of(namesIn) },
  { name: 'verdict', at: log(`access:${scope} state`), ...of(verdictOf) },
  { name: 'misp-state', at: misp('state'), ...of(json) },
  {
    name: 'misp-bucket',
    at: misp('bucket'),
    async read(stored) {
      const { rows, notes, report } = await decodeBucket('16/day/2026-01-01/0', stored)
      return { rows: [...rows.values()], notes: [...notes.values()], report }
    },
    shape: unzipped
  },
  { name: 'misp-head', at: misp('head'), ...of(json) },
  { name: 'misp-tally', at: misp('tally'), ...of(json) },
  { name: 'misp-link', at: misp('link'), ...of(json) },
  { name: 'misp-name', at: misp('name'), ...of(json) },
  { name: 'misp-event', at: misp('event'), ...fileForm },
  { name: 'misp-manifest', at: misp('file'), ...fileForm },
  {
    name: 'misp-hashes',
    at: misp('hash'),
    read: stored => stored.toString('hex'),
    shape: () => ({})
  },
  {
    name: 'feed-list',
    at: new RegExp(`^documents catalog:${scope} feeds$`),
    ...of(readList)
  },
  {
    name: 'history-slot',
    at: /^documents history (?:day|month)$/,
    read: decodeSlot,
    shape(stored) {
      const [format, , , , counts, latency] = JSON.parse(stored.toString())
      return { [`${format}: ${counts.length} counts, ${latency.length} latencies`]: true }
    }
  },
  { name: 'history-writer', at: /^documents history writers$/, ...of(decodeWriter) },
  { name: 'unreadable-item', at: /^documents unreadable items$/, ...of(json) },
  { name: 'unreadable-ring', at: /^documents unreadable ring$/, ...of(json) },
  { name: 'secret-print', at: /^documents gateways secrets$/, ...of(json) },
  {
    name: 'answer',
    at: /^answers /,
    read: stored => {
      const entry = decodeEntry(stored)
      return entry && { ...entry, answer: { ...entry.answer, body: entry.answer.body.toString() } }
    },
    shape: stored => json(stored.subarray(0, stored.indexOf(0x0a)))
  }
]

/** Keys without values. */
export const keysAlone = misp('(?:dirty|wanted)')

/** Members that hold what Sekoia wrote. */
const opaque: ReadonlySet<string> = new Set(['stix', 'feeds'])

/** The members of a value of JSON: `a`, `a.b`, `a[].c`. */
export function membersOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap(item => membersOf(item, `${path}[]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const own = path === '' ? name : `${path}.${name}`
    return opaque.has(name) ? [own] : [own, ...membersOf(member, own)]
  })
}

/** Prints as the samples tell them: an entry each. */
const rowsOf = ({ high, low, times }: VersionPrints) =>
  Array.from(high, (_, i) => ({
    high: high[i],
    low: low[i],
    ...(times && { time: times[i] })
  }))
