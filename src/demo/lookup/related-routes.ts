/** Relationships, context, sources and files of one object (SEKOIA-9.23), and the walk over relationships. */
import type { StixObject } from '../corpus/context.ts'
import type { Reply } from '../delivery.ts'
import { decodeCursor, encodeCursor } from '../feeds/cursor.ts'
import { parseBoolean, parseInteger } from '../feeds/page-query.ts'
import { objectById } from '../object-routes.ts'
import { Problem } from '../problem.ts'
import type { World } from '../world.ts'
import { type Ask, listing, ok } from './ask.ts'
import { contextBundle, idsIn } from './bundle.ts'
import { type Link, linksOf, modifiedOf } from './links.ts'

/** @throws Problem 404 for an unknown object */
export function answerRelationships(world: World, { params, query }: Ask): Reply {
  const { id } = demand(world, params[0]!)
  const withRevoked = parseBoolean(query, 'include_revoked') ?? false
  const types = query.get('match[type]')?.split(',')
  const targets = query.get('match[target_types]')?.split(',')
  const links = linksOf(world, id).filter(
    ({ relationship, related }) =>
      (withRevoked || relationship['revoked'] !== true) &&
      (types?.includes(String(relationship['relationship_type'])) ?? true) &&
      (targets?.includes(related.type) ?? true)
  )
  return listing(links, query, show)
}

/** @throws Problem 404 */
export const answerContext = (world: World, { params }: Ask): Reply =>
  ok(contextBundle(world, demand(world, params[0]!)))

/** @throws Problem 404 */
export function answerSources(world: World, { params, query }: Ask): Reply {
  const ids = idsIn(demand(world, params[0]!), 'x_inthreat_sources_refs')
  return listing(ids, query, id => objectById(world, id))
}

/** A file that was attached to the object. @throws Problem 404 */
export function answerFile({ files }: World, { params: [id, sha256] }: Ask): Reply {
  const file = files.get(sha256!)
  if (file?.owner !== id) throw new Problem(404, 'File not found')
  return { status: 200, body: { type: file!.type, bytes: file!.bytes, headers: {} } }
}

/** `/collections/relationships`: those of the objects in `match[id]`, oldest first. @throws Problem 400 */
export function answerRelationshipWalk(world: World, { query }: Ask): Reply {
  const ids = query.get('match[id]')?.split(',').filter(Boolean)
  if (!ids?.length) throw new Problem(400, 'match[id] is required')
  const limit = parseInteger(query.get('limit') ?? '100', 'limit', [1, 10_000])
  const cursor = query.get('cursor')?.replaceAll(' ', '+') || undefined
  const after = cursor ? decodeCursor(cursor, world.switches)?.text : query.get('modified_after')
  const links = ids.flatMap(id => linksOf(world, id))
  const unique = [...new Map(links.map(link => [link.relationship.id, link])).values()]
  const page = unique
    .sort((a, b) => (modifiedOf(a) < modifiedOf(b) ? -1 : 1))
    .filter(link => modifiedOf(link) > (after ?? ''))
    .slice(0, limit)
  const last = page.at(-1)
  const next = last ? encodeCursor(modifiedOf(last), last.relationship.id, 'A') : (cursor ?? null)
  return ok({ items: page.map(show), next_cursor: next })
}

const show = ({ relationship, related }: Link): object => ({
  relationship,
  related_object: related
})

function demand(world: World, id: string): StixObject {
  const object = objectById(world, id)
  if (!object) throw new Problem(404, 'Object not found')
  return object
}
