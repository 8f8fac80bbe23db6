import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import type { History } from '../history/history.ts'
import { sendError } from '../http/errors.ts'
import { baseUrlOf } from '../http/origin.ts'
import type { Caller, ScopeId } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { MispBuild } from '../kernel/misp-build.ts'
import type { Clock, Meter } from '../kernel/ports.ts'
import type { Rights } from '../kernel/records.ts'
import { toChecksView } from './checks-view.ts'
import { toClientsView } from './clients-view.ts'
import type { Condition, KeyAnswers } from './condition.ts'
import type { Consumer } from './consumers.ts'
import { countStates, toConsumerViews } from './consumers-view.ts'
import { toDescribed } from './described.ts'
import { gatewayError } from './error-form.ts'
import { type FeedsSource, seenFeeds, toFeedView } from './feeds-view.ts'
import { toHistoryView } from './history-view.ts'
import * as schemas from './schemas.ts'
import { type SetupSettings, toSetupView } from './setup-view.ts'
import { toStatusView } from './status-view.ts'
import { maySee, type Viewer } from './viewer.ts'

export interface GatewayDeps extends FeedsSource {
  readonly clock: Pick<Clock, 'now'>
  readonly meter: Meter
  readonly rights: Pick<Rights, 'verify' | 'validity'>
  readonly consumers: () => Promise<readonly Consumer[]>
  readonly condition: () => Promise<Condition>
  /** Feeds that are built for MISP by this process, of the keys that are asked for. */
  readonly mispBuilds: (isWanted: (scope: ScopeId) => boolean) => Promise<readonly MispBuild[]>
  readonly history: Pick<History, 'past'>
  /** Asks Sekoia two small questions with the key. */
  readonly askKey: (caller: Caller) => Promise<KeyAnswers>
  readonly settings: GatewaySettings
}

export interface GatewaySettings extends SetupSettings {
  /** '' when it is taken from the request. */
  readonly publicUrl: string
}

/** Whose credentials a listener takes. */
export interface Admission {
  readonly operator: boolean
  readonly keys: boolean
}

export const gatewayPrefix = '/gateway/v1'

/** Undefined until the request was admitted. */
type View = (viewer: Viewer, request: FastifyRequest) => object | Promise<object>

interface Resource {
  readonly summary: string
  readonly schema: TSchema
  readonly query?: TObject
  readonly view: View
}

/** What people and pages ask of the gateway itself: each path one resource, read anew for every request. */
function resourcesOf(deps: GatewayDeps): Readonly<Record<string, Resource>> {
  const { clock, logs } = deps
  const setupOf = async (viewer: Viewer, request: FastifyRequest) => {
    const base = (deps.settings.publicUrl || baseUrlOf(request.origin)).replace(/\/+$/, '')
    return toSetupView(base, await seenFeeds(viewer, deps), deps.settings)
  }
  return {
    '/status': {
      summary: 'The state of the gateway in numbers',
      schema: schemas.status,
      view: async viewer => {
        const condition = await deps.condition()
        const feeds = await seenFeeds(viewer, deps)
        const now = clock.now()
        const consumers = countStates(viewer, await deps.consumers(), now)
        return toStatusView({ viewer, condition, feeds, consumers, now })
      }
    },
    '/feeds': {
      summary: 'Feeds, what is held of them, and why some cannot be read',
      schema: schemas.feeds,
      view: async viewer => {
        const seen = await seenFeeds(viewer, deps)
        const builds = await deps.mispBuilds(scope => maySee(viewer, scope))
        return { feeds: seen.map(feed => toFeedView(feed, builds, clock.now())) }
      }
    },
    '/consumers': {
      summary: 'Who reads what, and how far they are',
      schema: schemas.consumers,
      view: async viewer => {
        const states = await logs()
        const consumers = await deps.consumers()
        return { consumers: toConsumerViews(viewer, consumers, states, clock.now()) }
      }
    },
    '/history': {
      summary: 'What became of requests, objects and calls to Sekoia in 24 hours and in 30 days',
      schema: schemas.history,
      view: async viewer => {
        if (viewer.kind !== 'operator') throw operatorOnly()
        return toHistoryView(await deps.history.past(), clock.now())
      }
    },
    '/checks': {
      summary: 'What is well and what to change',
      schema: schemas.checks,
      view: async viewer => {
        const key = viewer.kind === 'key' ? await deps.askKey(viewer.caller) : undefined
        const feeds = await seenFeeds(viewer, deps)
        return toChecksView({ condition: await deps.condition(), key, feeds })
      }
    },
    '/setup': {
      summary: 'What clients are configured with',
      schema: schemas.setup,
      view: setupOf
    },
    '/clients': {
      summary: 'How each product is set up for one feed',
      schema: schemas.clients,
      query: schemas.clientsQuery,
      view: async (viewer, request) => {
        const { feed } = request.query as Static<typeof schemas.clientsQuery>
        return toClientsView(await setupOf(viewer, request), feed)
      }
    }
  }
}

/**
 * Registers the resources below {@link gatewayPrefix}. Needs `authPlugin` and `requestLog` on the server. Whoever is
 * neither the operator nor has a key that Sekoia accepts gets 401.
 */
export async function registerGateway(
  server: FastifyInstance,
  deps: GatewayDeps,
  admission: Admission
): Promise<void> {
  await server.register(
    async scope => {
      scope.setErrorHandler((error, request, reply) =>
        sendError(error, request, reply, gatewayError)
      )
      const admit = createAdmit(deps, admission)
      for (const [url, resource] of Object.entries(resourcesOf(deps)))
        addResource(scope, url, resource, admit)
    },
    { prefix: gatewayPrefix }
  )
}

/** The history is of all keys together: none may see it. */
const operatorOnly = () =>
  new GatewayError('forbidden', { detail: 'The history is for the operator token alone' })

type Admit = (request: FastifyRequest) => Promise<Viewer>

const createAdmit =
  ({ meter, rights }: GatewayDeps, { operator, keys }: Admission): Admit =>
  async ({ isOperator, caller }) => {
    try {
      if (isOperator && operator) return { kind: 'operator' }
      if (!caller || !keys) throw new GatewayError('unauthorized')
      await rights.verify(caller)
      return { kind: 'key', caller }
    } catch (error) {
      const isRefused = error instanceof GatewayError && error.kind === 'unauthorized'
      if (isRefused) meter.count('operator_refused', { asked: 'gateway' })
      throw error
    }
  }

const allowed: readonly HTTPMethods[] = ['GET', 'HEAD', 'OPTIONS']
const allow = { allow: allowed.join(', ') }

function addResource(
  scope: FastifyInstance,
  url: string,
  { summary, schema, query, view }: Resource,
  admit: Admit
): void {
  const config = { dialect: 'gateway' }
  const openapi = toDescribed(url, summary, schema, query)
  const noStore = { 'cache-control': 'no-store' }
  scope.get(
    url,
    {
      config: { ...config, openapi },
      schema: { ...(query && { querystring: query }), response: { 200: schema } }
    },
    async (request, reply) => reply.headers(noStore).send(await view(await admit(request), request))
  )
  scope.options(url, { config }, async (_request, reply) => reply.code(204).headers(allow).send())
  const method = scope.supportedMethods.filter(method => !allowed.includes(method))
  const onRequest = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(allow)
    throw new GatewayError('method-not-allowed')
  }
  scope.route({ method, url, config, onRequest, handler: onRequest })
}
