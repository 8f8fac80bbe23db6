import type { Work } from '../../kernel/give-way.ts'
import type { MispObject, MispValue } from '../mapping/model.ts'
import { asContext } from '../mapping/pattern/mapped-part.ts'
import { commentOf, joinComments } from '../mapping/tags/tags.ts'
import type { DerivedRow } from './derive.ts'
import { type Life, lifeOf, nextChange } from './source-row.ts'

/** What an event should hold now, before uuids, timestamps and the last publication are considered. */

export interface AttributeDraft {
  readonly value: MispValue
  readonly life: Exclude<Life, 'removed'>
  readonly comment: string
  /** ms since the epoch. */
  readonly first?: number
  readonly last?: number
  /** Sorted. */
  readonly tags: readonly string[]
  /** When what it is made of was last modified, ms since the epoch. */
  readonly modified: number
  /** STIX ids of what it is made of. */
  readonly sources: readonly string[]
}

export interface ObjectDraft {
  readonly object: MispObject
  /** The indicator it is made of, and its number among that indicator's objects. */
  readonly row: DerivedRow
  readonly no: number
  readonly life: Exclude<Life, 'removed'>
}

export interface Drafts {
  /** By type and value, see {@link valueKey}: the same value of several indicators is one attribute. */
  readonly attributes: ReadonlyMap<string, AttributeDraft>
  readonly objects: readonly ObjectDraft[]
  /** The next instant at which time alone changes something, ms since the epoch. */
  readonly changesAt: number
}

export interface DraftOptions {
  readonly now: number
  /** How long an expired value stays visible, ms. */
  readonly expiredMs: number
}

export const valueKey = ({ type, value }: Pick<MispValue, 'type' | 'value'>): string =>
  `${type}|${value}`

interface Share {
  readonly value: MispValue
  readonly row: DerivedRow
}

/** Yields between any two rows or values. */
export function* makeDrafts(rows: Iterable<DerivedRow>, options: DraftOptions): Work<Drafts> {
  const { now, expiredMs } = options
  const shares = new Map<string, Share[]>()
  const objects: ObjectDraft[] = []
  let changesAt = Number.POSITIVE_INFINITY
  for (const row of rows) {
    yield
    changesAt = Math.min(changesAt, nextChange(row, now, expiredMs), startOf(row, now))
    const life = lifeOf(row, now, expiredMs)
    if (life === 'removed') continue
    const isEarly = now < (row.startsAt ?? now)
    for (const original of row.attributes) {
      const value = isEarly ? { ...original, toIds: false } : original
      const key = valueKey(value)
      const known = shares.get(key)
      if (known) known.push({ value, row })
      else shares.set(key, [{ value, row }])
    }
    const own = isEarly ? asContext({ attributes: [], objects: row.objects }).objects : row.objects
    own.forEach((object, no) => {
      objects.push({ object, row, no, life })
    })
  }
  const attributes = new Map<string, AttributeDraft>()
  for (const [key, share] of shares) {
    attributes.set(key, share.length === 1 ? single(share[0]!, options) : merge(share, options))
    yield
  }
  return { attributes, objects, changesAt }
}

/** When its values are first to be looked for, if that is yet to come. */
const startOf = ({ gone, startsAt = 0 }: DerivedRow, now: number): number =>
  gone || startsAt <= now ? Number.POSITIVE_INFINITY : startsAt

/** Of a single indicator, as nearly all values are: see {@link merge}. */
function single({ value, row }: Share, options: DraftOptions): AttributeDraft {
  const { from, until } = row
  return {
    value,
    life: lifeOf(row, options.now, options.expiredMs) === 'live' ? 'live' : 'expired',
    comment: commentOf(row),
    ...(from !== undefined && { first: from }),
    ...(until !== undefined && (from === undefined || until >= from) && { last: until }),
    tags: row.tags,
    modified: row.modified,
    sources: [row.id]
  }
}

/** A value is live while one of its indicators is; only those speak for it then. */
function merge(shares: readonly Share[], options: DraftOptions): AttributeDraft {
  const isLive = ({ row }: Share) => lifeOf(row, options.now, options.expiredMs) === 'live'
  const live = shares.filter(isLive)
  const heard = live.length > 0 ? live : shares
  const rows = heard.map(({ row }) => row)
  const first = earliest(rows)
  const last = latest(rows)
  return {
    value: heard.find(({ value }) => value.toIds)?.value ?? heard[0]!.value,
    life: live.length > 0 ? 'live' : 'expired',
    comment: joinComments(rows.map(commentOf)),
    ...(first !== undefined && { first }),
    ...(last !== undefined && (first === undefined || last >= first) && { last }),
    tags: heard.length === 1 ? rows[0]!.tags : united(rows.map(({ tags }) => tags)),
    modified: Math.max(...rows.map(({ modified }) => modified)),
    sources: rows.map(({ id }) => id)
  }
}

const united = (lists: readonly (readonly string[])[]): string[] =>
  [...new Set(lists.flat())].sort()

const earliest = (rows: readonly DerivedRow[]): number | undefined => {
  const times = rows.flatMap(({ from }) => from ?? [])
  return times.length > 0 ? Math.min(...times) : undefined
}

/** Undefined when one of them never ends. */
const latest = (rows: readonly DerivedRow[]): number | undefined =>
  rows.some(({ until }) => until === undefined)
    ? undefined
    : Math.max(...rows.map(({ until }) => until!))
