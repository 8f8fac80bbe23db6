/** Objects and relationships by id, and the listing `GET /objects` (SEKOIA-9.21 and SEKOIA-9.22). */
import type { StixObject } from './corpus/context.ts'
import { completeObject, itemsBody, jsonBody, type Payload } from './feeds/formats.ts'
import { parseInteger } from './feeds/page-query.ts'
import { Problem } from './problem.ts'
import type { World } from './world.ts'

/** The current object in full, in the form it has by id; also those that are in no page. */
export function objectById({ state }: World, id: string): StixObject | undefined {
  const ref = state.find(id)
  if (ref === undefined) return state.corpus.context.objects.get(id)
  if (!state.isObject(ref)) return undefined
  return completeObject(JSON.parse(state.json(ref)) as StixObject)
}

/**
 * `/objects/{ids}` and `/relationships/{ids}`: each answers for its own kind only.
 * @throws Problem 404
 */
export function answerByIds(
  world: World,
  kind: 'objects' | 'relationships',
  path: string
): Payload {
  const ids = path.split(',')
  const found = ids.map(id => {
    const isRelationship = id.startsWith('relationship--')
    if (isRelationship !== (kind === 'relationships')) return undefined
    const object = lookUp(world, id)
    return object === undefined ? rawById(world, id) : JSON.stringify(object)
  })
  const items = found.filter(object => object !== undefined)
  const refuses = ids.length === 1 || world.switches.unknownIds === 'not-found'
  if (refuses && items.length < ids.length) throw new Problem(404, 'Object not found')
  if (ids.length > 1) return itemsBody('{"items":', items, '}')
  return jsonBody(Buffer.concat(['{"data":', items[0]!, '}'].map(part => Buffer.from(part))))
}

/** The bytes under an id that is no object's. */
function rawById({ state }: World, id: string): Buffer | undefined {
  const ref = state.find(id)
  return ref === undefined ? undefined : state.raw(ref)
}

function lookUp(world: World, id: string): StixObject | undefined {
  const object = objectById(world, id)
  if (object || world.switches.deletedById === 'missing') return object
  const removed = world.state.findRemoved(id)
  return removed === undefined ? undefined : completeObject(JSON.parse(removed) as StixObject)
}

/** `GET /objects`, with `match[id]` and `match[type]`. @throws Problem 400 */
export function answerListing(world: World, query: URLSearchParams): Payload {
  const { limit, offset } = parseWindow(query)
  const ids = listed(world, query)
  const items = ids.slice(offset, offset + limit).map(id => objectById(world, id))
  const more = ids.length > offset + limit
  return jsonBody(JSON.stringify({ items, total: ids.length, has_more: more }))
}

/** `limit` and `offset` of a listing. @throws Problem 400 */
export const parseWindow = (query: URLSearchParams): { limit: number; offset: number } => ({
  limit: parseInteger(query.get('limit') ?? '20', 'limit', [1, 100]),
  offset: parseInteger(query.get('offset') ?? '0', 'offset', [0, 10_000])
})

function listed(world: World, query: URLSearchParams): string[] {
  const types = query.get('match[type]')?.split(',')
  const accepts = (type: string) => type !== 'relationship' && (types?.includes(type) ?? true)
  const wanted = query.get('match[id]')?.split(',')
  if (wanted) {
    return [...new Set(wanted)].filter(id => {
      const object = objectById(world, id)
      return object !== undefined && accepts(object.type)
    })
  }
  const { state } = world
  const refs = [...state.walk(undefined)].filter(ref => accepts(state.type(ref)))
  return refs.map(ref => state.id(ref))
}
