import { cutPage } from '../kernel/page-cut.ts'
import type { ObjectVersion, Position, VersionFilter } from '../kernel/records.ts'
import { isWanted } from '../kernel/version-filter.ts'
import { toInstant, toNaturalMillis } from '../stix/timestamp.ts'

/** How records that were looked up by id are narrowed, and from where they are paged. */
export interface FoundSelection {
  /** Empty means all. */
  readonly types: readonly string[]
  readonly specVersions: ReadonlySet<string> | undefined
  readonly versions: VersionFilter
  readonly addedAfter: number | undefined
  readonly position: Position | undefined
}

/**
 * Filter and order of records found by id (D-20): type, spec version, version, then what lies behind the start.
 * `first` and `last` are taken before the start is looked at, so that a walk by header and one by token agree.
 */
export function selectFound(
  found: readonly ObjectVersion[],
  selection: FoundSelection
): ObjectVersion[] {
  const { types, specVersions, versions, addedAfter = -Infinity, position } = selection
  const typed = types.length === 0 ? found : found.filter(({ type }) => types.includes(type))
  const specified = specVersions
    ? markEnds(typed.filter(record => specVersions.has(record.specVersion)))
    : newestSpecification(typed)
  return specified
    .filter(
      record =>
        isWanted(versions, record, () => toInstant(record.version)) && record.date > addedAfter
    )
    .filter(record => position === undefined || compare(toOrderKey(record), position) > 0)
    .sort((a, b) => compare(toOrderKey(a), toOrderKey(b)))
}

/**
 * The place of a record in the order of looked-up records. It is compared with places of the same making only,
 * so that the epoch, unknown here, means nothing, and the object's own time tells its versions apart.
 */
export const foundPosition = ({ id, version, date }: ObjectVersion): Position => ({
  epoch: '00000000',
  date,
  natural: toNaturalMillis(version) ?? date,
  id
})

type OrderKey = Pick<Position, 'date' | 'id' | 'natural'>

const toOrderKey: (record: ObjectVersion) => OrderKey = foundPosition

/** Date, then id; versions of one object that share a date go by their own time. */
const compare = (a: OrderKey, b: OrderKey): number =>
  a.date - b.date || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || a.natural - b.natural

const instantOf = ({ version }: ObjectVersion): string => toInstant(version) ?? ''

const byId = (records: readonly ObjectVersion[]): ObjectVersion[][] => [
  ...Map.groupBy(records, ({ id }) => id).values()
]

/** First and last among the records of the wanted spec versions, rather than among all that are held. */
const markEnds = (records: readonly ObjectVersion[]): ObjectVersion[] =>
  byId(records).flatMap(versions =>
    versions
      .toSorted((a, b) => compareInstants(instantOf(a), instantOf(b)) || bySpecification(a, b))
      .map((record, n, all) => ({ ...record, isFirst: n === 0, isLast: n === all.length - 1 }))
  )

const compareInstants = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const bySpecification = (a: ObjectVersion, b: ObjectVersion): number =>
  Number(a.specVersion) - Number(b.specVersion)

/** Of one version held in several spec versions, the newest alone (T-3.4.1-41). */
const newestSpecification = (records: readonly ObjectVersion[]): ObjectVersion[] =>
  byId(records).flatMap(versions =>
    [...Map.groupBy(versions, instantOf).values()].map(
      same => same.toSorted(bySpecification).at(-1)!
    )
  )

/**
 * How many of the sorted records make a page: at most `limit` and `maxBytes`, at least one. When the cut would
 * split records of one date that are at most half a page, the page ends before them (P-12).
 */
export function pageLength(
  records: readonly ObjectVersion[],
  limit: number,
  maxBytes: number
): number {
  let within = 0
  let bytes = 0
  while (within < Math.min(limit, records.length)) {
    bytes += records[within]!.bytes.length
    if (within > 0 && bytes > maxBytes) break
    within += 1
  }
  const dates = records.map(({ date }) => date)
  return cutPage(dates, Math.max(1, within), false).count
}
