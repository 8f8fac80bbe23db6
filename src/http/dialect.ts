import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Rights } from '../kernel/records.ts'
import type { Answer, Answers } from './answers.ts'
import { privateAnswers } from './caching.ts'
import { type ErrorForm, sendError } from './errors.ts'

/** A protocol that clients speak with the gateway, as a value: `registerDialect` makes routes of it. */
export interface Dialect {
  /** One word, for logs and metrics. */
  readonly name: string
  /** A failed request is answered in this form, also one for a path that does not exist. */
  readonly errorForm: ErrorForm
  readonly mounts: readonly Mount[]
  /** Settings that decide how content becomes bytes, as text: when they change, all entity tags change. */
  readonly representation: string
  /**
   * True for a request that goes on where an earlier answer ended. When the gateway is full it waits and is never
   * refused: clients lose data over a page that fails.
   */
  readonly continues: (request: FastifyRequest) => boolean
  /** Throws `not-acceptable` for an Accept header that none of its answers satisfies. Left out: any will do. */
  readonly assertAcceptable?: (accept: string | undefined) => void
}

/** Paths below one prefix. A dialect with several prefixes for the same paths has as many mounts. */
export interface Mount {
  /** Starts with a slash and ends without one. Unknown paths below it belong to the dialect, too. */
  readonly prefix: string
  readonly paths: readonly Path[]
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Answers the methods it names, GET also as HEAD, and OPTIONS; any other method is 405. */
export interface Path {
  /**
   * Relative to the prefix, in the framework's syntax: `/a/:name`, or `/a/*` for whatever is below. A `:name` takes
   * 512 characters, a `*` any number.
   */
  readonly url: string
  readonly operations: Readonly<Partial<Record<Method, Operation>>>
}

export interface Operation {
  readonly handle: Handler
  /** True where the handler would not ask Sekoia about the key: then the gate for rights asks first. */
  readonly verifies?: boolean
  /** True for a GET whose answer may be large or long in coming, see `overloadPlugin`. */
  readonly heavy?: boolean
  /**
   * Most bytes of a request body, which the handler finds in `request.body` as a Buffer, undefined without one. When
   * left out no body is read, and the handler runs before one arrives.
   */
  readonly maxBodyBytes?: number
}

/** Without a promise where nothing has to be waited for. Failures are thrown as GatewayError. */
export type Handler = (request: FastifyRequest, caller: Caller) => Answer | Promise<Answer>

export interface DialectDeps {
  readonly answers: Answers
  readonly rights: Pick<Rights, 'verify'>
}

/**
 * Registers all paths of a dialect. Checks come in this order: path, method, credentials, what Sekoia says of the key
 * (where the operation asks for it), Accept, a place for heavy work; then the handler. Needs `authPlugin`, `requestLog`
 * and, for heavy operations, `overloadPlugin` on the server.
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
    for (const { prefix, paths } of dialect.mounts) {
      await scope.register(async open => registerOpen(open, paths, dialect), { prefix })
      await scope.register(async guarded => registerGuarded(guarded, paths, dialect, deps), {
        prefix
      })
    }
  })
}

/**
 * The form for failures of requests that reach no route, such as a path that cannot be decoded: that of the dialect
 * whose prefix the request target has, else of the first.
 */
export function errorFormByPrefix(
  dialects: readonly [Dialect, ...Dialect[]]
): (target: string) => ErrorForm {
  return target => {
    const path = `${pathOf(target)}/`
    const owner = dialects.find(({ mounts }) =>
      mounts.some(({ prefix }) => path.startsWith(`${prefix.toLowerCase()}/`))
    )
    return (owner ?? dialects[0]).errorForm
  }
}

/** As the router reads it: without the authority of an absolute target, in lower case, slashes single. */
const pathOf = (target: string): string =>
  target
    .replace(/^https?:\/\/[^/?]*/i, '')
    .replace(/\?.*$/s, '')
    .replace(/\/{2,}/g, '/')
    .toLowerCase()

const methodsOf = ({ operations }: Path): HTTPMethods[] => {
  const named = Object.keys(operations) as Method[]
  const read: HTTPMethods[] = operations.GET ? ['GET', 'HEAD'] : []
  return [...read, 'OPTIONS', ...named.filter(method => method !== 'GET')]
}

/** What needs no credentials: OPTIONS, and the 405 of methods that a path does not have. */
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

/** Hooks that end the request leave the handler without a part; Fastify wants one all the same. */
const unreachable = async (): Promise<never> => {
  throw new GatewayError('internal')
}

function registerGuarded(
  scope: FastifyInstance,
  paths: readonly Path[],
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
    for (const [method, operation] of Object.entries(operations) as [Method, Operation][])
      scope.route({ url, ...toRoute(method, operation, dialect, deps) })
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
  }
}
