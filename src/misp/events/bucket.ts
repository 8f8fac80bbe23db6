import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { MispValue, Tlp } from '../mapping/model.ts'
import { isNewer, type Row } from './source-row.ts'

/** Some ten kilobytes: on another thread they would take longer, and more memory. */
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * What is kept together: the indicators of one day of `created` and one shard, or a report with copies of its
 * indicators. A bucket becomes one event for each TLP in it, so that an indicator whose TLP changes never leaves its
 * bucket (MISP-4).
 */
export interface Bucket {
  readonly name: string
  /** By id. */
  readonly rows: Map<string, Row>
  /** Of a report: itself, and the notes about it by id. */
  report?: ReportRow | undefined
  readonly notes: Map<string, Note>
}

/** A report: a row for its life, its tags, and the links and vulnerabilities it names. */
export interface ReportRow {
  readonly row: Row
  readonly content: string
  /** `YYYY-MM-DD`. */
  readonly date: string
  /** Ids of the indicators it is about. */
  readonly indicators: readonly string[]
}

/** A text about a report. */
export interface Note {
  readonly id: string
  /** As in {@link Row}. */
  readonly version: string
  /** ms since the epoch. */
  readonly modified: number
  readonly name: string
  readonly content: string
  readonly isGone: boolean
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
  createHash('sha256').update(id).digest().readUInt16BE() >>> (16 - bits)

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

export const emptyBucket = (name: string): Bucket => ({
  name,
  rows: new Map(),
  notes: new Map()
})

/** Takes in a row; false when what is held already says all it says. */
export function putRow(bucket: Bucket, row: Row): boolean {
  const held = bucket.rows.get(row.id)
  if (!isNewer(row, held) || (held && isSame(row, held))) return false
  bucket.rows.set(row.id, row)
  return true
}

const isSame = (a: Row, b: Row): boolean =>
  isDeepStrictEqual({ ...a, readAt: 0 }, { ...b, readAt: 0 })

/** Takes in the report itself; false when what is held already says all it says. */
export function putReport(bucket: Bucket, report: ReportRow): boolean {
  const held = bucket.report
  if (!isNewer(report.row, held?.row)) return false
  const { row: before, ...rest } = held ?? {}
  const { row, ...others } = report
  if (before && isSame(row, before) && isDeepStrictEqual(rest, others)) return false
  bucket.report = report
  return true
}

/** Takes in a note; false when a later version of it is held, or this one. */
export function putNote(bucket: Bucket, note: Note): boolean {
  const held = bucket.notes.get(note.id)
  if (held && held.version >= note.version) return false
  bucket.notes.set(note.id, note)
  return true
}

/** Adds to what a row is about; false when the row is not here or knows it already. */
export function addSubjects(bucket: Bucket, id: string, subjects: readonly string[]): boolean {
  const row = bucket.rows.get(id)
  const added = row ? subjects.filter(subject => !row.subjects.includes(subject)) : []
  if (!row || added.length === 0) return false
  bucket.rows.set(id, { ...row, subjects: [...row.subjects, ...added].sort() })
  return true
}

/** How long what ended is remembered, ms. */
export interface Retention {
  readonly expiredMs: number
  readonly tombstoneMs: number
}

/**
 * Forgets rows that ended so long ago that even their being taken back is no longer announced; their ids. Those that
 * were revoked are remembered until then, so that an older version that is read again does not bring them back. A
 * report takes its copies and notes with it.
 */
export function pruneRows(bucket: Bucket, now: number, retention: Retention): string[] {
  const isOver = (row: Row) => endedAt(row, retention) + retention.tombstoneMs <= now
  const over = [...bucket.rows.values()].filter(isOver).map(({ id }) => id)
  for (const id of over) bucket.rows.delete(id)
  if (bucket.report && isOver(bucket.report.row)) {
    over.push(bucket.report.row.id)
    bucket.report = undefined
    bucket.rows.clear()
    bucket.notes.clear()
  }
  return over
}

/** What vanished may come back at any time as it was, which the feed log does not tell again. */
const endedAt = ({ gone, until }: Row, { expiredMs }: Retention): number =>
  Math.min(
    gone?.why === 'revoked' ? gone.at : Number.POSITIVE_INFINITY,
    (until ?? Number.POSITIVE_INFINITY) + expiredMs
  )

/** True when nothing is left; a note may have come before its report. */
export const isBarren = ({ rows, report, notes }: Bucket): boolean =>
  rows.size === 0 && !report && notes.size === 0

/** As it lies in the store: the kinds of values, of which there are few, stand once. */
interface StoredBucket {
  readonly rows: readonly StoredRow[]
  readonly report?: ReportRow | undefined
  readonly notes: readonly Note[]
  readonly kinds: readonly Kind[]
}

type Kind = Omit<MispValue, 'value'>
type StoredRow = Omit<Row, 'attributes'> & { readonly attributes: readonly [number, string][] }

export function encodeBucket({ rows, report, notes }: Bucket): Buffer {
  const kinds: Kind[] = []
  const kindOf = ({ type, category, toIds }: MispValue) => {
    const at = kinds.findIndex(
      kind => kind.type === type && kind.category === category && kind.toIds === toIds
    )
    return at < 0 ? kinds.push({ type, category, toIds }) - 1 : at
  }
  const stored = [...rows.values()].map(row => ({
    ...row,
    attributes: row.attributes.map((value): [number, string] => [kindOf(value), value.value])
  }))
  const whole: StoredBucket = { rows: stored, report, notes: [...notes.values()], kinds }
  return zstdCompressSync(JSON.stringify(whole), fast)
}

export function decodeBucket(name: string, stored: Buffer): Bucket {
  const { rows, report, notes, kinds } = JSON.parse(
    zstdDecompressSync(stored).toString()
  ) as StoredBucket
  const toRow = (row: StoredRow): Row => ({
    ...row,
    attributes: row.attributes.map(([kind, value]) => ({ ...kinds[kind]!, value }))
  })
  return {
    name,
    rows: new Map(rows.map(row => [row.id, toRow(row)])),
    report,
    notes: new Map(notes.map(note => [note.id, note]))
  }
}
