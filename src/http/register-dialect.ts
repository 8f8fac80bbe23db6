import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { Rights } from '../kernel/records.ts'
import type { Answer, Answers } from './answers.ts'
import { privateAnswers } from './caching.ts'
import type { Described } from './described.ts'
import type { Dialect, Method, Mount, Operation, Path } from './dialect.ts'
import { sendError } from './errors.ts'

export interface DialectDeps {
  readonly answers: Answers
  readonly rights: Pick<Rights, 'verify'>
}

/**
 * Registers all paths of a dialect. Checks come in this order: path, method, credentials, Sekoia's verdict on the key
 * (if the operation asks for it), Accept, a slot for heavy work; then the handler runs. Needs `authPlugin`,
 * `requestLog` and, for heavy operations, `overloadPlugin` on the server.
 */
export async function registerDialect(
  app: FastifyInstance,
  dialect: Dialect,
  deps: DialectDeps
): Promise<void> {
  await app.register(async scope => {
    await scope.register(privateAnswers)
    scope.setErrorHandler((error, request, reply) =>
      sendError(error, request, reply, dialect.errorForm)
    )
    for (const mount of dialect.mounts) {
      const { prefix, paths } = mount
      await scope.register(async open => registerOpen(open, paths, dialect), { prefix })
      await scope.register(async guarded => registerGuarded(guarded, mount, dialect, deps), {
        prefix
      })
    }
  })
}

const methodsOf = ({ operations }: Path): HTTPMethods[] => {
  const named = Object.keys(operations) as Method[]
  const read: HTTPMethods[] = operations.GET ? ['GET', 'HEAD'] : []
  return [...read, 'OPTIONS', ...named.filter(method => method !== 'GET')]
}

/** Routes that need no credentials: OPTIONS, and 405 for methods that a path does not have. */
function registerOpen(scope: FastifyInstance, paths: readonly Path[], { name }: Dialect): void {
  const config = { dialect: name }
  for (const path of paths) {
    const allowed = methodsOf(path)
    const allow = allowed.join(', ')
    const { url } = path
    scope.options(url, { config }, async (_request, reply) =>
      reply.code(204).header('allow', allow).send()
    )
    const method = scope.supportedMethods.filter(method => !allowed.includes(method))
    const onRequest = async (_request: FastifyRequest, reply: FastifyReply) => {
      reply.header('allow', allow)
      throw new GatewayError('method-not-allowed')
    }
    scope.route({ method, url, config, onRequest, handler: unreachable })
  }
}

/** Hooks answer these requests, but Fastify requires a handler. */
const unreachable = async (): Promise<never> => {
  throw new GatewayError('internal')
}

function registerGuarded(
  scope: FastifyInstance,
  { paths, isAlias = false }: Mount,
  dialect: Dialect,
  deps: DialectDeps
): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    if (!request.caller) throw new GatewayError('unauthorized')
    done()
  })
  scope.setNotFoundHandler(() => {
    throw new GatewayError('not-found')
  })
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  for (const { url, operations } of paths)
    for (const [method, operation] of Object.entries(operations) as [Method, Operation][]) {
      const { config, ...route } = toRoute(method, operation, dialect, deps)
      const openapi = isAlias ? undefined : operation.described
      scope.route({ url, ...route, config: { ...config, ...(openapi && { openapi }) } })
    }
}

function toRoute(method: Method, operation: Operation, dialect: Dialect, deps: DialectDeps) {
  const { name, continues, representation, assertAcceptable } = dialect
  const { handle, verifies = false, heavy = false, maxBodyBytes } = operation
  const give = (request: FastifyRequest, reply: FastifyReply, answer: Answer) => {
    if ('note' in answer) answer.note?.(request)
    return deps.answers.send(request, reply, answer, representation)
  }
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const held = method === 'GET' ? deps.answers.held(request) : undefined
    const answer = held ?? handle(request, request.caller!)
    if (!(answer instanceof Promise)) return give(request, reply, answer)
    return answer.then(made => give(request, reply, made))
  }
  const checks = [
    ...(verifies ? [(request: FastifyRequest) => deps.rights.verify(request.caller!)] : []),
    ...(assertAcceptable ? [toHook(assertAcceptable)] : [])
  ]
  const config = { dialect: name, heavy, continues }
  if (method === 'GET')
    return { method: ['GET', 'HEAD'] as HTTPMethods[], config, onRequest: checks, handler }
  if (maxBodyBytes !== undefined)
    return { method, config, onRequest: checks, handler, bodyLimit: maxBodyBytes }
  const answerNow = async (request: FastifyRequest, reply: FastifyReply) => {
    await handler(request, reply)
    return reply
  }
  return { method, config, onRequest: [...checks, answerNow], handler: unreachable }
}

const toHook =
  (assertAcceptable: (accept: string | undefined) => void) =>
  (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    assertAcceptable(request.headers.accept)
    done()
  }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The name of the dialect, for its log line and the times of its answers. */
    dialect?: string
    /** What the OpenAPI document says of the route; left out: nothing. */
    openapi?: Described
  }
}
