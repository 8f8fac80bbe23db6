/** Look-ups by value (SEKOIA-9.24): `/indicators`, its `/context`, `POST` to its `/indicates-relationships`. */
import type { StixObject } from '../corpus/context.ts'
import type { Ref } from '../corpus/object-set.ts'
import type { Reply } from '../delivery.ts'
import { completeObject } from '../feeds/formats.ts'
import { observableTypes } from '../feeds/page-query.ts'
import { objectById } from '../object-routes.ts'
import { Problem } from '../problem.ts'
import type { World } from '../world.ts'
import { type Ask, bodyMembers, listing, ok } from './ask.ts'
import { bundleOf, contextBundle } from './bundle.ts'
import { linksOf } from './links.ts'

const mostBundles = 20

/** @throws Problem 400 when `value` or `type` is missing or wrong */
export const answerIndicators = (world: World, { query }: Ask): Reply =>
  listing(matching(world, query), query, ref => complete(world, ref))

/** @throws Problem 400 */
export function answerIndicatorContext(world: World, { query }: Ask): Reply {
  const refs = matching(world, query)
  const items = refs.slice(0, mostBundles).map(ref => contextBundle(world, complete(world, ref)))
  return ok({ items, has_more: refs.length > mostBundles })
}

/** @throws Problem 400 */
export function answerIndicates(world: World, { text }: Ask): Reply {
  const { ids } = bodyMembers(text)
  if (!Array.isArray(ids)) throw new Problem(400, 'ids are missing')
  const indicators = ids
    .map(id => objectById(world, String(id)))
    .filter(found => found !== undefined)
  const links = indicators
    .flatMap(({ id }) => linksOf(world, id))
    .filter(({ relationship }) => relationship['relationship_type'] === 'indicates')
  return ok(bundleOf(world, ids.join(), [], links))
}

function matching({ state, values, switches }: World, query: URLSearchParams): Ref[] {
  const value = query.get('value')
  const type = query.get('type')
  if (!value || !type) throw new Problem(400, 'value and type are required')
  if (!observableTypes.has(type) && switches.unknownLookUpType === 'refuse') {
    throw new Problem(400, 'Unknown type')
  }
  return values.find(value).filter(ref => state.facts(ref).observableTypes.includes(type))
}

const complete = ({ state }: World, ref: Ref): StixObject =>
  completeObject(JSON.parse(state.json(ref)) as StixObject)
