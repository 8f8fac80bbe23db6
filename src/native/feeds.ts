import type { Answer } from '../http/answers.ts'
import type { Handler, Operation, Path } from '../http/dialect.ts'
import type { RawAnswer } from '../kernel/raw-upstream.ts'
import { policies } from './cache/policy.ts'
import { type Asked, asked, type NativeDeps } from './relay/deps.ts'
import { demandMember } from './relay/json-check.ts'
import { keep } from './relay/keep.ts'
import { targetName } from './relay/names.ts'
import { maxBodyBytes } from './relay/operations.ts'
import { pass } from './relay/pass.ts'

/** Says in the answer that the gateway put a member into the request. */
export const sortOrderHeader = 'x-gateway-sort-order'

/**
 * Descriptions of feeds, and their administration. A write is sent once; after it lists of feeds are asked for anew,
 * those of TAXII and MISP as well.
 */
export function feedPaths(deps: NativeDeps): Path[] {
  const read = (member: string): Operation => ({ handle: reading(deps, member) })
  const change: Operation = { maxBodyBytes, handle: (r, c) => write(deps, asked(r, c)) }
  const create: Operation = { maxBodyBytes, handle: (r, c) => createFeed(deps, asked(r, c)) }
  return [
    { url: '/feeds', operations: { GET: read('items'), POST: create } },
    { url: '/feeds/:feed', operations: { GET: read('data'), PUT: change, DELETE: change } }
  ]
}

const reading =
  (deps: NativeDeps, member: string): Handler =>
  (request, caller) => {
    const ask = asked(request, caller)
    return keep(deps, ask, {
      endpoint: 'feeds',
      policy: policies.feeds,
      name: targetName('feeds', ask.target),
      read(answer: RawAnswer) {
        demandMember(answer, member)
        return { isMiss: false, ids: [allFeeds] }
      }
    })
  }

/** Stands for whatever a list of feeds holds. */
export const allFeeds = 'feeds'

async function write(deps: NativeDeps, ask: Asked, body?: Buffer): Promise<Answer> {
  try {
    return await pass(deps, ask, 'feeds', undefined, body)
  } finally {
    deps.cache.forget(ask.caller.scope, [], [allFeeds])
    deps.forgetFeeds(ask.caller)
  }
}

/** Sekoia makes new feeds newest first unless told otherwise, which no client that keeps a cursor can follow. */
async function createFeed(deps: NativeDeps, ask: Asked): Promise<Answer> {
  const body = deps.settings.feedSortOrder === 'asc' ? inOrder(ask.request.body) : undefined
  const answer = await write(deps, ask, body)
  return body ? { ...answer, headers: { ...answer.headers, [sortOrderHeader]: 'asc' } } : answer
}

/** The body with a sort order; undefined where it has one, or is not what it should be. */
function inOrder(body: unknown): Buffer | undefined {
  if (!Buffer.isBuffer(body)) return undefined
  try {
    const members = demandMember({ body }, 'data')
    const { data } = members as { data: unknown }
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
    if ('sort_order' in data) return undefined
    return Buffer.from(JSON.stringify({ ...members, data: { ...data, sort_order: 'asc' } }))
  } catch {
    return undefined
  }
}
