import { hash } from 'node:crypto'
import { constants } from 'node:zlib'
import { inPieces, type Work } from '../../kernel/give-way.ts'
import type { Tlp } from '../mapping/model.ts'
import { readLined, writeLined } from './lined-json.ts'
import { isLive, isNewer, type Outsider, type Row, spanOf } from './source-row.ts'
import { compress, decompress } from './zstd.ts'

const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * Rows that are stored together: the indicators of one day of `created` and one shard, or a report with copies of its
 * indicators. A bucket becomes one event for each TLP in it, so an indicator whose TLP changes stays in its bucket
 * (MISP-4).
 */
export interface Bucket {
  readonly name: string
  /** By id. */
  readonly rows: Map<string, Row>
  /** Of a report: itself, and the notes about it by id. */
  report?: Row | undefined
  readonly notes: Map<string, Row>
  /** Indicators of its day that the window leaves out, by id: they are counted, and nothing else. */
  readonly outside: Map<string, Outsider>
}

/** Where an indicator belongs: its day and the first bits of a digest of its id, which never change. */
export function dayBucket(layout: number, day: string, id: string): string {
  return `${layout}/day/${day}/${shardOf(id, shardBitsOf(layout))}`
}

export const isReportBucket = (name: string): boolean => parseBucketName(name).day === undefined

/** Reports are not cut: theirs is the layout without shards. */
const layoutOfReports = (layout: number): number => layout - shardBitsOf(layout)

export const reportBucket = (layout: number, id: string): string =>
  `${layoutOfReports(layout)}/report/${id}`

/** True for a bucket as it is cut in this layout. */
export function isOfLayout(name: string, layout: number): boolean {
  const expected = isReportBucket(name) ? layoutOfReports(layout) : layout
  return parseBucketName(name).layout === expected
}

/** Layouts are numbered by how events are cut: the generation of the code, and the bits of the shard. */
const generation = 1
export const layoutOf = (shardBits: number): number => generation * 16 + shardBits
const shardBitsOf = (layout: number): number => layout % 16

const shardOf = (id: string, bits: number): number =>
  hash('sha256', id, 'buffer').readUInt16BE() >>> (16 - bits)

export interface BucketName {
  readonly layout: number
  /** The day, or undefined for a report. */
  readonly day: string | undefined
  /** The shard, or the id of the report. */
  readonly rest: string
  /** 0 when days are not sharded. */
  readonly shardBits: number
}

export function parseBucketName(name: string): BucketName {
  const [layout = '', kind, ...rest] = name.split('/')
  const shardBits = shardBitsOf(Number(layout))
  if (kind !== 'day')
    return { layout: Number(layout), day: undefined, rest: rest.join('/'), shardBits }
  return { layout: Number(layout), day: rest[0], rest: rest[1] ?? '0', shardBits }
}

/** What the uuid of an event is made from. */
export function eventName(bucket: string, tlp: Tlp, part: number): string {
  const { day, rest } = parseBucketName(bucket)
  const name = day === undefined ? `report|${tlp}|${rest}` : `bucket|${tlp}|${day}|${rest}`
  return part === 0 ? name : `${name}|${part}`
}

/** All rows but notes: notes do not vanish, and nothing refers to them. */
export const rowsOf = ({ rows, report }: Bucket): Row[] => [
  ...rows.values(),
  ...(report ? [report] : [])
]

export const emptyBucket = (name: string): Bucket => ({
  name,
  rows: new Map(),
  notes: new Map(),
  outside: new Map()
})

/** Adds a row; false if nothing changed. */
export function putRow({ rows, outside }: Bucket, row: Row): boolean {
  const wasOutside = outside.delete(row.stix.id)
  if (!isNewer(row, rows.get(row.stix.id))) return wasOutside
  rows.set(row.stix.id, row)
  return true
}

/** Notes an indicator that the window leaves out, or that it ended; false if nothing changed. */
export function putOutsider({ outside }: Bucket, next: Outsider, now: number): boolean {
  const held = outside.get(next.id)
  if (held ? !isLater(next, held) : !isLive(next, now)) return false
  outside.set(next.id, next)
  return true
}

const isLater = (next: Outsider, held: Outsider): boolean =>
  next.version > held.version ||
  (next.version === held.version &&
    !held.gone &&
    (next.gone !== undefined || next.until !== held.until))

/** Adds the report itself; false if nothing changed. */
export function putReport(bucket: Bucket, report: Row): boolean {
  if (!isNewer(report, bucket.report)) return false
  bucket.report = report
  return true
}

/** Adds a note; false if this or a later version is held. */
export function putNote({ notes }: Bucket, note: Row): boolean {
  const held = notes.get(note.stix.id)
  if (held && held.version >= note.version) return false
  notes.set(note.stix.id, note)
  return true
}

/** Adds to what an indicator indicates; false when the row is not here or says so already. */
export function addIndicated({ rows }: Bucket, id: string, target: string): boolean {
  const row = rows.get(id)
  if (!row || row.indicates.includes(target)) return false
  rows.set(id, { ...row, indicates: [...row.indicates, target].sort() })
  return true
}

/** How long what ended is remembered, ms. */
export interface Retention {
  readonly expiredMs: number
  readonly tombstoneMs: number
}

/**
 * Removes rows that ended so long ago that taking them back is no longer announced, and returns their ids. Revoked
 * rows are kept until then, so that an older version that is read again does not bring them back. A report is removed
 * with its copies and notes.
 */
export function pruneRows(bucket: Bucket, now: number, retention: Retention): string[] {
  const isOver = (row: Row) => endedAt(row, retention) + retention.tombstoneMs <= now
  const over = [...bucket.rows.values()].filter(isOver).map(({ stix }) => stix.id)
  for (const id of over) bucket.rows.delete(id)
  if (bucket.report && isOver(bucket.report)) {
    over.push(bucket.report.stix.id)
    dropReport(bucket)
  }
  for (const { id, gone, until = Number.POSITIVE_INFINITY } of bucket.outside.values()) {
    const isForgotten = gone?.why === 'revoked' && gone.at + retention.tombstoneMs <= now
    if (!isForgotten && until > now) continue
    over.push(id)
    bucket.outside.delete(id)
  }
  return over
}

/** Forgets a report, with its copies and notes. */
export function dropReport(bucket: Bucket): void {
  bucket.report = undefined
  bucket.rows.clear()
  bucket.notes.clear()
}

/**
 * Vanished rows are not counted as ended: they may return unchanged at any time, and the feed log would not say so.
 */
function endedAt(row: Row, { expiredMs }: Retention): number {
  const { gone, until = Number.POSITIVE_INFINITY } = spanOf(row)
  return Math.min(gone?.why === 'revoked' ? gone.at : Number.POSITIVE_INFINITY, until + expiredMs)
}

/** True when nothing is left; a note may have come before its report. */
export const isBarren = ({ rows, report, notes, outside }: Bucket): boolean =>
  rows.size + notes.size + outside.size === 0 && !report

/** Members that hold lists of ids; few different ids occur many times. */
const idLists = [
  'object_marking_refs',
  'object_refs',
  'x_inthreat_sources_refs',
  'x_ic_related_threat_refs',
  'x_ic_impacted_sectors',
  'x_ic_impacted_locations'
] as const

/** As stored: the lists in {@link idLists}, and `indicates`, hold positions in `ids`. */
interface StoredBucket {
  readonly rows: readonly Row[]
  readonly report?: Row | undefined
  readonly notes: readonly Row[]
  readonly outside?: readonly Outsider[] | undefined
  readonly ids: readonly string[]
}

/** In pieces: a day of a feed without shards has thousands of rows. */
export const encodeBucket = async (bucket: Bucket): Promise<Buffer> =>
  compress(await inPieces(writeBucket(bucket)), fast)

function* writeBucket({ rows, report, notes, outside }: Bucket): Work<Buffer> {
  const places = new Map<unknown, number>()
  const placeOf = (id: unknown) => {
    const place = places.get(id) ?? places.size
    places.set(id, place)
    return place
  }
  const pack = (row: Row) => withIds(row, placeOf)
  const packed: Row[] = []
  for (const row of rows.values()) {
    packed.push(pack(row))
    yield
  }
  const whole = {
    rows: packed,
    report: report && pack(report),
    notes: [...notes.values()].map(pack),
    outside: outside.size > 0 ? [...outside.values()] : undefined
  }
  return yield* writeLined({ ...whole, ids: [...places.keys()] })
}

/** In pieces. Throws of what is no bucket. */
export const decodeBucket = async (name: string, stored: Buffer): Promise<Bucket> =>
  inPieces(readBucket(name, await decompress(stored)))

function* readBucket(name: string, bytes: Buffer): Work<Bucket> {
  const {
    rows,
    report,
    notes,
    outside = [],
    ids
  } = yield* readLined(bytes, (whole: StoredBucket) => whole)
  const unpack = (row: Row) => withIds(row, place => ids[place as number])
  const byId = function* (list: readonly Row[]): Work<Map<string, Row>> {
    const found = new Map<string, Row>()
    for (const row of list) {
      found.set(row.stix.id, unpack(row))
      yield
    }
    return found
  }
  return {
    name,
    rows: yield* byId(rows),
    report: report && unpack(report),
    notes: yield* byId(notes),
    outside: new Map(outside.map(outsider => [outsider.id, outsider]))
  }
}

/** Replaces the ids in the lists of a row; a member that is no list stays as it is. */
function withIds(row: Row, to: (id: unknown) => unknown): Row {
  const stix: Record<string, unknown> = { ...row.stix }
  for (const member of idLists) {
    const list = stix[member]
    if (Array.isArray(list)) stix[member] = list.map(to)
  }
  return { ...row, stix: stix as Row['stix'], indicates: row.indicates.map(to) as string[] }
}
