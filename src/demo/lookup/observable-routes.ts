/** `/observables`, `POST /observables/search` and `/collections/observables`. */

import type { Ref } from '../corpus/object-set.ts'
import type { Reply } from '../delivery.ts'
import { makeDefaultFeed } from '../feeds/feeds.ts'
import { readPage } from '../feeds/page.ts'
import { parseBoolean, parsePageQuery } from '../feeds/page-query.ts'
import type { World } from '../world.ts'
import { type Ask, bodyMembers, listing, ok } from './ask.ts'
import { observableOf, withThreats } from './observable.ts'

/** With `match[value]` and `match[type]`; whatever else is asked is ignored, so that all of them come. */
export function answerObservables(world: World, { query }: Ask): Reply {
  const types = query.get('match[type]')?.split(',')
  const value = query.get('match[value]')
  const refs = (value === null ? indicators(world) : world.values.find(value)).filter(ref =>
    ofTypes(world, ref, types)
  )
  return listing(refs, query, ref => observableOf(world, ref))
}

/** Body `{"term": value}`. @throws Problem 400 */
export function answerObservableSearch(world: World, { query, text }: Ask): Reply {
  const { term } = bodyMembers(text)
  const show = parseBoolean(query, 'with_indicated_threats') ? withThreats : observableOf
  return listing(world.values.find(String(term)), query, ref => show(world, ref))
}

/** The walk over observables: cursors are those of the feeds. @throws Problem 400 */
export function answerObservableWalk(world: World, { query }: Ask): Reply {
  const now = world.clock.now()
  const feed = makeDefaultFeed(now)
  const pageQuery = parsePageQuery(indicatorQuery(query), feed, world.switches)
  const page = readPage({ ...world, feed, now }, pageQuery)
  const items = page.refs.map(ref => observableOf(world, ref))
  return ok({ items, next_cursor: page.nextCursor })
}

function indicatorQuery(query: URLSearchParams): URLSearchParams {
  const own = new URLSearchParams({ 'match[type]': 'indicator' })
  for (const name of ['cursor', 'limit', 'modified_after']) {
    const value = query.get(name)
    if (value !== null) own.set(name, value)
  }
  const types = query.get('match[type]')
  if (types) own.set('match[observable_type]', types)
  return own
}

const indicators = ({ state }: World): Ref[] =>
  [...state.walk(undefined)].filter(ref => state.type(ref) === 'indicator')

const ofTypes = ({ state }: World, ref: Ref, types: readonly string[] | undefined): boolean =>
  types === undefined || types.includes(state.facts(ref).observableTypes[0] ?? '')
