import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyRequest,
  HTTPMethods,
  onRequestHookHandler
} from 'fastify'
import { Answers } from '../http/answers.ts'
import { requireCaller } from '../http/auth.ts'
import { privateAnswers } from '../http/caching.ts'
import { GatewayError } from '../kernel/errors.ts'
import { modes } from './modes.ts'
import { assertAcceptable } from './negotiate.ts'
import { discoveryPath, type Path, resolveFeed, rootPaths, type TaxiiOptions } from './paths.ts'

/**
 * The nine endpoints of TAXII 2.1 §3.1, in the order of checks of D-15: path, method, credentials, Accept,
 * collection, query. Needs `authPlugin` and `requestLog` on the server.
 */
export const taxiiRoutes: FastifyPluginAsync<TaxiiOptions> = async (app, options) => {
  const { settings } = options
  await app.register(privateAnswers)
  await registerPaths(app, '/taxii2', [discoveryPath(options)], options)
  await registerPaths(app, settings.apiRootPath.replace(/\/+$/, ''), rootPaths(options), options)
}

async function registerPaths(
  app: FastifyInstance,
  prefix: string,
  paths: readonly Path[],
  options: TaxiiOptions
): Promise<void> {
  await app.register(async scope => registerOpen(scope, paths), { prefix })
  await app.register(async scope => registerGuarded(scope, paths, options), { prefix })
}

const allowed = ({ write }: Path): HTTPMethods[] => [
  'GET',
  'HEAD',
  'OPTIONS',
  ...(write ? [write] : [])
]

/** What needs no credentials: OPTIONS, and the 405 of methods that a path does not have (D-17). */
function registerOpen(scope: FastifyInstance, paths: readonly Path[]): void {
  for (const path of paths) {
    const allow = allowed(path).join(', ')
    scope.options(path.url, async (_request, reply) =>
      reply.code(204).header('allow', allow).send()
    )
    scope.route({
      method: scope.supportedMethods.filter(method => !allowed(path).includes(method)),
      url: path.url,
      onRequest: async (_request, reply) => {
        reply.header('allow', allow)
        throw new GatewayError('method-not-allowed')
      },
      handler: unreachable
    })
  }
}

/** Hooks that end the request leave the handler without a part; Fastify wants one all the same. */
const unreachable = async (): Promise<never> => {
  throw new GatewayError('internal')
}

function registerGuarded(
  scope: FastifyInstance,
  paths: readonly Path[],
  { catalog, verify, settings, answers = new Answers({}) }: TaxiiOptions
): void {
  const accept: onRequestHookHandler = (request, _reply, done) => {
    assertAcceptable(request.headers.accept, modes[settings.mode])
    done()
  }
  const verifyKey = async (request: FastifyRequest) => verify(requireCaller(request))
  // Refused before the body is parsed, whatever its size and type (D-16).
  const refuseWrite = async (request: FastifyRequest) => {
    await resolveFeed(catalog, request)
    throw new GatewayError('read-only')
  }
  scope.addHook('onRequest', (request, _reply, done) => {
    requireCaller(request)
    done()
  })
  // Unknown paths below a prefix of TAXII are 401 to the anonymous like all others (D-15).
  scope.setNotFoundHandler(() => {
    throw new GatewayError('not-found')
  })
  for (const { url, get, verifies, write, heavy = false } of paths) {
    scope.route({
      method: ['GET', 'HEAD'],
      url,
      config: { heavy },
      onRequest: verifies ? [verifyKey, accept] : accept,
      handler: (request, reply) => {
        const answer = get(request)
        if (!(answer instanceof Promise)) return answers.send(request, reply, answer)
        return answer.then(made => answers.send(request, reply, made))
      }
    })
    if (write) {
      const onRequest = [verifyKey, accept, refuseWrite]
      scope.route({ method: write, url, onRequest, handler: unreachable })
    }
  }
}
