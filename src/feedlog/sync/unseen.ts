import type { Caller } from '../../kernel/caller.ts'
import type { Entry } from '../../kernel/ports.ts'
import { toInstant } from '../../stix/timestamp.ts'
import { unknownTime } from '../journal/id-index.ts'
import type { Journal } from '../journal/journal.ts'
import { entryKey } from '../journal/packed-index.ts'
import { placeOf } from '../journal/place.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { Span } from './append.ts'
import type { SegmentLoader } from './segment-loader.ts'

type Version = Pick<Entry, 'id' | 'time'>

/** Which objects of a page no client can have got from the log: unknown ones, and newer versions of known ones. */
export class Unseen {
  readonly #journal: Journal
  readonly #segments: SegmentLoader

  constructor(journal: Journal, segments: SegmentLoader) {
    this.#journal = journal
    this.#segments = segments
  }

  /** What lies within `tip` is left to the reading of the tip. */
  async of(page: Body, tip: Span, caller: Caller): Promise<Body> {
    const found = new Set<string>()
    const indexes = new Set<number>()
    for (const [i, entry] of Array.from(page.entries).entries()) {
      if (this.#journal.versions.isNewest(entry) || isWithin(entry, tip)) continue
      if (found.has(entryKey(entry)) || !(await this.#isNew(entry, caller))) continue
      found.add(entryKey(entry))
      indexes.add(i)
    }
    return pick(page, (_, i) => indexes.has(i))
  }

  /** An older version is never taken for a newer one, and one that the log has held is never new again. */
  async #isNew(entry: Version, caller: Caller): Promise<boolean> {
    const { versions } = this.#journal
    const newest = versions.newestVersion(entry.id)
    if (!newest) return true
    const held = await this.#timesIn(newest.no, entry.id, caller)
    const last = held.pop()
    for (const no of versions.olderThanNewest(entry.id))
      held.push(...(await this.#timesIn(no, entry.id, caller)))
    if (held.some(time => time === entry.time)) return false
    // A body that was read again from Sekoia may hold a version that clients never got.
    if (last === entry.time) return newest.time !== unknownTime
    return last === undefined || isLater(entry.time, last)
  }

  /** The times of an object's versions in a segment, in its order. */
  async #timesIn(no: number, id: string, caller: Caller): Promise<(string | undefined)[]> {
    const head = this.#journal.head(no)
    if (head?.kind === 'tip')
      return head.stored.flatMap(([own, time]) => (own === id ? [time ?? undefined] : []))
    const entries = head ? (await this.#segments.load(head, caller)).entries : []
    return Array.from(entries).flatMap(entry => (entry.id === id ? [entry.time] : []))
  }
}

function isWithin({ time }: Version, { low, high }: Span): boolean {
  const place = time === undefined ? undefined : placeOf(time)
  return place !== undefined && place.earliest > low && place.latest <= high
}

/** True also where one of them is no time: they differ, and Sekoia shows the first. */
function isLater(time: string | undefined, than: string): boolean {
  const [instant, other] = [time, than].map(text => text && toInstant(text))
  return !instant || !other || instant > other
}
