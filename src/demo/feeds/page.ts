/** One page of a feed: its objects and the cursor after them (SEKOIA-9.4 to SEKOIA-9.11 and SEKOIA-9.26). */

import type { Bound, Ref } from '../corpus/object-set.ts'
import { textOf } from '../corpus/timeline.ts'
import type { Switches } from '../switches.ts'
import { encodeCursor } from './cursor.ts'
import type { FeedState } from './feed-state.ts'
import { type FeedDescription, type Filter, makeFilter } from './feeds.ts'
import type { PageQuery } from './page-query.ts'

export interface FeedPage {
  readonly refs: readonly Ref[]
  readonly nextCursor: string | null
}

export interface PageSource {
  readonly state: FeedState
  readonly feed: FeedDescription
  readonly switches: Switches
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Reads one page. */
export function readPage(source: PageSource, query: PageQuery): FeedPage {
  const { state, switches, feed, now } = source
  const passes = toTest(state, makeFilter(feed, query, now))
  const late = switches.filterAfterSlicing
  const walk = sift(walkFrom(state, query), late ? undefined : passes)
  const slice = take(walk, query.limit)
  const isTip = switches.nullAtTip === 'last-page' && walk.next().done === true
  return {
    refs: late && passes ? slice.filter(passes) : slice,
    nextCursor: nextCursor(source, query, slice.at(-1), isTip)
  }
}

type Test = ((ref: Ref) => boolean) | undefined

const toTest = (state: FeedState, filter: Filter): Test =>
  filter && (ref => filter(state.facts(ref)))

function nextCursor(
  { state, switches }: PageSource,
  query: PageQuery,
  last: Ref | undefined,
  isTip: boolean
): string | null {
  if (last === undefined) return switches.nullAtTip ? null : (query.cursor ?? null)
  if (isTip) return null
  return encodeCursor(state.modified(last), state.id(last), switches.cursorMode)
}

/**
 * `modified_after` compares instants while the feed is in text order. Within one second the two disagree, so the
 * walk starts before that second and leaves out what is too old; where odd times make them disagree anywhere, it
 * goes through everything.
 */
function* walkFrom(state: FeedState, query: PageQuery): Generator<Ref> {
  const { afterMicros, afterText, descending } = query
  if (afterText !== undefined) return yield* walkAfter(state, afterText, descending)
  if (afterMicros === undefined) return yield* state.walk(query.bound, descending)
  const text = `${textOf(afterMicros).slice(0, 19)}.000000Z`
  const bound: Bound | undefined = state.isPlain ? { text, inclusive: true } : undefined
  for (const ref of state.walk(descending ? undefined : bound, descending)) {
    if (state.micros(ref) > afterMicros) yield ref
    else if (descending && bound && state.modified(ref) < bound.text) return
  }
}

/** `modified_after` as text: where a walk begins, or where one from the newest object down ends. */
function* walkAfter(state: FeedState, text: string, descending: boolean): Generator<Ref> {
  if (!descending) return yield* state.walk({ text, inclusive: false })
  const second = text.slice(0, 19)
  for (const ref of state.walk(undefined, true)) {
    if (state.modified(ref) > text) yield ref
    else if (state.isPlain && state.modified(ref) < second) return
  }
}

function* sift(walk: Generator<Ref>, test: Test): Generator<Ref> {
  for (const ref of walk) if (!test || test(ref)) yield ref
}

function take(walk: Generator<Ref>, limit: number): Ref[] {
  const refs: Ref[] = []
  while (refs.length < limit) {
    const { value, done } = walk.next()
    if (done) break
    refs.push(value)
  }
  return refs
}
