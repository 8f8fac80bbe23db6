/** Which function answers which path: all below `/v2/inthreat/`, and the key checks (SEKOIA-9.1, SEKOIA-9.2). */
import { authenticate, permit } from './access.ts'
import { answerPage } from './collection-routes.ts'
import type { Fault } from './faults.ts'
import { answerFeeds, type FeedAnswer } from './feed-routes.ts'
import { jsonBody } from './formats.ts'
import { answerByIds, answerListing } from './object-routes.ts'
import { Problem } from './problem.ts'
import type { World } from './world.ts'

export interface RouteCall {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly key: string | undefined
  readonly text: string
  readonly fault: Fault | undefined
}

/** The path without `/api` in front and slashes at the end. */
export const normalizePath = (path: string): string =>
  path.replace(/^\/api(?=\/)/, '').replace(/(?<=.)\/+$/, '')

/** The right answer. @throws Problem */
export function answer(world: World, call: RouteCall): FeedAnswer {
  const key = authenticate(world.keys, call.key)
  const { method, path, query, text, fault } = call
  const [, area = '', rest = ''] = /^\/v2\/inthreat\/(\w+)(?:\/(.+))?$/.exec(path) ?? []
  if (area === 'feeds')
    return answerFeeds(world, { method, id: rest || undefined, query, key, text })
  if (method !== 'GET') throw new Problem(405, 'Method not allowed')
  if (isKeyCheck(path)) return ok(tokenClaims(world))
  permit(key, 'viewIntelligence')
  const feedId = area === 'collections' && /^([^/]+)\/objects$/.exec(rest)?.[1]
  if (feedId) return { status: 200, body: answerPage(world, { feedId, query, key, fault }) }
  if (area === 'objects' && !rest) return { status: 200, body: answerListing(world, query) }
  if ((area === 'objects' || area === 'relationships') && rest && !rest.includes('/')) {
    return { status: 200, body: answerByIds(world, area, rest) }
  }
  throw new Problem(404, 'Not found')
}

const isKeyCheck = (path: string): boolean =>
  path === '/v1/me' || path === '/v1/auth/validate' || path === '/v1/apiauth/auth/validate'

function tokenClaims({ clock }: World): object {
  const iat = Math.floor(clock.now() / 1000)
  return { identity: 'apikey:simulator', type: 'access', iat, nbf: iat, jti: 'simulator' }
}

const ok = (value: object): FeedAnswer => ({ status: 200, body: jsonBody(JSON.stringify(value)) })
