/** `POST /objects/search`, `/sources`, `/bundles/{hash}` and `/collections/{feed}/patterns`. */
import { openFeed } from '../collection-routes.ts'
import type { StixObject } from '../corpus/context.ts'
import type { Ref } from '../corpus/object-set.ts'
import type { Reply } from '../delivery.ts'
import { completeObject } from '../feeds/formats.ts'
import { readPage } from '../feeds/page.ts'
import { parsePageQuery } from '../feeds/page-query.ts'
import { Problem } from '../problem.ts'
import type { World } from '../world.ts'
import { type Ask, bodyMembers, listing, ok } from './ask.ts'

/**
 * Objects whose name holds `term`, which comes in the query or the body; of indicators only those with that very
 * value, so that a large corpus need not be made.
 * @throws Problem 400
 */
export function answerSearch(world: World, { query, text }: Ask): Reply {
  const term = String(query.get('term') ?? bodyMembers(text)['term'] ?? '')
  const { state, values } = world
  const named = [...state.walk(undefined)].filter(
    ref => !['indicator', 'relationship'].includes(state.type(ref)) && nameHolds(world, ref, term)
  )
  return listing([...values.find(term), ...named], query, ref => completeObject(parse(world, ref)))
}

const nameHolds = (world: World, ref: Ref, term: string): boolean =>
  String(parse(world, ref)['name']).toLowerCase().includes(term.toLowerCase())

/** Identities that are sources; `match[name]` by their exact names. @throws Problem 400 */
export function answerSourceList({ state }: World, { query }: Ask): Reply {
  const names = query.get('match[name]')?.split(',')
  const { objects, sources } = state.corpus.context
  const all = sources.map(id => objects.get(id)!)
  const wanted = all.filter(({ name }) => names?.includes(String(name)) ?? true)
  return listing(wanted, query, source => source)
}

/** A file by its hash alone. @throws Problem 404 */
export function answerBundleFile({ files }: World, { params }: Ask): Reply {
  const file = files.get(params[0]!)
  if (!file) throw new Problem(404, 'Bundle not found')
  return { status: 200, body: { type: file.type, bytes: file.bytes, headers: {} } }
}

/** The patterns of a feed's indicators; revoked ones only when asked for. @throws Problem */
export function answerPatterns(world: World, { params, query, key }: Ask): Reply {
  const feed = openFeed(world, params[0]!, key)
  const own = new URLSearchParams(query)
  own.set('match[type]', 'indicator')
  if (!own.has('include_revoked')) own.set('include_revoked', 'false')
  const page = readPage(
    { ...world, feed, now: world.clock.now() },
    withId(parsePageQuery(own, feed, world.switches), query)
  )
  const items = page.refs.map(ref => patternItem(parse(world, ref)))
  return ok({ items, next_id: items.at(-1)?.uuid ?? null, next_cursor: page.nextCursor })
}

/** `after_id` beside `modified_after`: on from that object among those of the same time. */
function withId<Q extends object>(pageQuery: Q, query: URLSearchParams): Q {
  const id = query.get('after_id')
  const text = query.get('modified_after')
  if (!id || !text || query.get('cursor')) return pageQuery
  return { ...pageQuery, bound: { text, id, inclusive: false }, afterMicros: undefined }
}

const patternItem = (object: StixObject) => ({
  uuid: object.id,
  pattern: object['pattern'],
  pattern_type: object['pattern_type'] ?? 'stix',
  revoked: object['revoked'],
  created: object['created'],
  modified: object['modified'],
  valid_from: object['valid_from'],
  valid_until: object['valid_until'] ?? null
})

const parse = ({ state }: World, ref: Ref): StixObject => JSON.parse(state.json(ref)) as StixObject
