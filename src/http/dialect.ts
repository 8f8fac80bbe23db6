import type { FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import type { Answer } from './answers.ts'
import type { ErrorForm } from './errors.ts'

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
