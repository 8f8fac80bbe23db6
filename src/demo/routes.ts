/** Which function answers which path; everything under `/v2/inthreat/`, the key checks and block lists. */
import { authenticate, type Permission, permit } from './access.ts'
import { answerPage } from './collection-routes.ts'
import type { Reply } from './delivery.ts'
import type { Fault } from './faults.ts'
import { answerFeeds } from './feed-routes.ts'
import type { Payload } from './feeds/formats.ts'
import { type Answerer, ok } from './lookup/ask.ts'
import { answerEdl } from './lookup/edl-routes.ts'
import {
  answerIndicates,
  answerIndicatorContext,
  answerIndicators
} from './lookup/indicator-routes.ts'
import {
  answerObservableSearch,
  answerObservables,
  answerObservableWalk
} from './lookup/observable-routes.ts'
import {
  answerContext,
  answerFile,
  answerRelationships,
  answerRelationshipWalk,
  answerSources
} from './lookup/related-routes.ts'
import {
  answerBundleFile,
  answerPatterns,
  answerSearch,
  answerSourceList
} from './lookup/search-routes.ts'
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

interface Route {
  readonly method: string
  readonly path: RegExp
  /** One of these is needed; none for a check of the key, and where the route looks itself. */
  readonly permissions: readonly Permission[]
  readonly answer: Answerer
}

const view: readonly Permission[] = ['viewIntelligence']
const viewSome: readonly Permission[] = ['viewIntelligence', 'limitedIntelligence']

const route = (
  method: string,
  path: string,
  permissions: readonly Permission[],
  answer: Answerer
): Route => ({ method, path: new RegExp(`^${path}$`), permissions, answer })

const get = (path: string, answer: Answerer, permissions = view): Route =>
  route('GET', `/v2/inthreat/${path}`, permissions, answer)

const post = (path: string, answer: Answerer): Route =>
  route('POST', `/v2/inthreat/${path}`, view, answer)

const page = (body: Payload): Reply => ({ status: 200, body })

/** The first that fits answers. */
const routes: readonly Route[] = [
  route('GET', '/v1/(?:me|auth/validate|apiauth/auth/validate)', [], world =>
    ok(tokenClaims(world))
  ),
  route('GET', '/v1/edl-gateway/([^/]+)', view, answerEdl),
  get('collections/([^/]+)/objects', (world, ask) =>
    page(answerPage(world, { ...ask, feedId: ask.params[0]! }))
  ),
  get('collections/([^/]+)/patterns', answerPatterns),
  get('collections/relationships', answerRelationshipWalk),
  get('collections/observables', answerObservableWalk),
  post('objects/search', answerSearch),
  get('objects', (world, { query }) => page(answerListing(world, query))),
  get('(objects|relationships)/([^/]+)', byIds, viewSome),
  get('objects/([^/]+)/relationships', answerRelationships),
  get('objects/([^/]+)/context', answerContext),
  get('objects/([^/]+)/sources', answerSources),
  get('objects/([^/]+)/files/([^/]+)', answerFile, viewSome),
  get('indicators', answerIndicators),
  get('indicators/context', answerIndicatorContext),
  post('indicators/indicates-relationships', answerIndicates),
  get('observables', answerObservables),
  post('observables/search', answerObservableSearch),
  get('sources', answerSourceList),
  get('bundles/([^/]+)', answerBundleFile)
]

/** The path without `/api` in front and slashes at the end. */
export const normalizePath = (path: string): string =>
  path.replace(/^\/api(?=\/)/, '').replace(/(?<=.)\/+$/, '')

/** The right answer. @throws Problem */
export function answer(world: World, { path, ...call }: RouteCall): Reply {
  const key = authenticate(world.keys, call.key)
  const feed = /^\/v2\/inthreat\/feeds(?:\/(.+))?$/.exec(path)
  if (feed) return answerFeeds(world, { ...call, id: feed[1], key })
  const paths = routes.filter(route => route.path.test(path))
  const found = paths.find(({ method }) => method === call.method)
  if (!found) throw new Problem(paths.length > 0 ? 405 : 404, 'No such method or path')
  if (found.permissions.length > 0) permit(key, ...found.permissions)
  return found.answer(world, { ...call, key, params: found.path.exec(path)!.slice(1) })
}

function byIds(world: World, { params: [kind, ids], key }: Parameters<Answerer>[1]): Reply {
  if (kind === 'relationships') permit(key, 'viewIntelligence')
  return page(answerByIds(world, kind as 'objects' | 'relationships', ids!))
}

function tokenClaims({ clock }: World): object {
  const iat = Math.floor(clock.now() / 1000)
  return { identity: 'apikey:simulator', type: 'access', iat, nbf: iat, jti: 'simulator' }
}
