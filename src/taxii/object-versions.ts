import { cutPage } from '../kernel/page-cut.ts'
import type { ObjectVersion, Position, RecordFilter } from '../kernel/records.ts'
import { toInstant, toNaturalMillis } from '../stix/timestamp.ts'
import { isWanted } from '../stix/version-filter.ts'

/** Which of the records found by id are wanted, and after which place. */
export interface FoundSelection {
  /** Empty means all. */
  readonly types: readonly string[]
  readonly filter: RecordFilter
  readonly addedAfter: number | undefined
  readonly position: Position | undefined
}

/**
 * Filters and sorts records found by id (D-20): by type, spec version and version, then only those after the start.
 * `first` and `last` are decided before the start is applied, so that paging by header and by token agree.
 */
export function selectFound(
  found: readonly ObjectVersion[],
  selection: FoundSelection
): ObjectVersion[] {
  const { types, filter, addedAfter = -Infinity, position } = selection
  const { specVersions } = filter
  const typed = types.length === 0 ? found : found.filter(({ type }) => types.includes(type))
  const specified = specVersions
    ? markEnds(typed.filter(record => specVersions.has(record.specVersion)))
    : newestSpecification(typed)
  return specified
    .filter(record => isWanted(filter, record, () => record) && record.date > addedAfter)
    .filter(record => position === undefined || compare(toOrderKey(record), position) > 0)
    .sort((a, b) => compare(toOrderKey(a), toOrderKey(b)))
}

/**
 * The place of a record in the order of looked-up records. It is compared only with places that this function made,
 * so the epoch means nothing. The object's own time tells its versions apart.
 */
export const foundPosition = ({ id, version, date }: ObjectVersion): Position => ({
  epoch: '00000000',
  date,
  natural: toNaturalMillis(version) ?? date,
  id
})

type OrderKey = Pick<Position, 'date' | 'id' | 'natural'>

const toOrderKey: (record: ObjectVersion) => OrderKey = foundPosition

/** Order: date, then id; versions of one object with the same date by their own time. */
const compare = (a: OrderKey, b: OrderKey): number =>
  a.date - b.date || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || a.natural - b.natural

const instantOf = ({ version }: ObjectVersion): string => toInstant(version) ?? ''

const byId = (records: readonly ObjectVersion[]): ObjectVersion[][] => [
  ...Map.groupBy(records, ({ id }) => id).values()
]

/** Marks the first and the last among the records of the wanted spec versions, instead of all that are held. */
const markEnds = (records: readonly ObjectVersion[]): ObjectVersion[] =>
  byId(records).flatMap(versions =>
    versions
      .toSorted((a, b) => compareInstants(instantOf(a), instantOf(b)) || bySpecification(a, b))
      .map((record, n, all) => ({ ...record, isFirst: n === 0, isLast: n === all.length - 1 }))
  )

const compareInstants = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const bySpecification = (a: ObjectVersion, b: ObjectVersion): number =>
  Number(a.specVersion) - Number(b.specVersion)

/** If one version is held in several spec versions, only the newest spec version (T-3.4.1-41). */
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
