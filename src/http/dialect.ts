import type { FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import type { Answer } from './answers.ts'
import type { Described } from './described.ts'
import type { ErrorForm } from './errors.ts'

/** A protocol that clients speak with the gateway, as a value. `registerDialect` turns it into routes. */
export interface Dialect {
  /** One word, for logs and metrics. */
  readonly name: string
  /** The form of error answers, also for paths that do not exist. */
  readonly errorForm: ErrorForm
  readonly mounts: readonly Mount[]
  /** Settings, as text, that decide how content becomes bytes. If they change, all entity tags change. */
  readonly representation: string
  /**
   * True for a request that continues after an earlier answer. When the gateway is full it waits and is never
   * refused, because clients lose data over a failed page.
   */
  readonly continues: (request: FastifyRequest) => boolean
  /** Throws `not-acceptable` for an Accept header that the dialect cannot satisfy. Left out: any header will do. */
  readonly assertAcceptable?: (accept: string | undefined) => void
}

/** Paths below one prefix. The same paths below two prefixes are two mounts. */
export interface Mount {
  /** Starts with a slash and ends without one. Unknown paths below it get the dialect's error form. */
  readonly prefix: string
  readonly paths: readonly Path[]
  /** True for a prefix that spells that of another mount in another way: the OpenAPI document does not repeat it. */
  readonly isAlias?: boolean
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One path. Methods that it does not name are 405; GET also answers HEAD, and OPTIONS is always answered. */
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
  /** True if the handler itself never makes Sekoia check the key: the gate for rights then asks first. */
  readonly verifies?: boolean
  /** True for a GET with a large or slow answer, see `overloadPlugin`. */
  readonly heavy?: boolean
  /**
   * Most bytes of a request body. The handler finds the body in `request.body`, as a Buffer, or undefined. Left out:
   * no body is read.
   */
  readonly maxBodyBytes?: number
  /** What the OpenAPI document says of it. */
  readonly described?: Described | undefined
}

/** Returns no promise if nothing has to be waited for. Throws GatewayError. */
export type Handler = (request: FastifyRequest, caller: Caller) => Answer | Promise<Answer>

type WithErrors = Pick<Dialect, 'errorForm' | 'mounts'>

/**
 * The error form for requests that reach no route, such as a path that cannot be decoded: that of the dialect with
 * this prefix, else of the first dialect.
 */
export function errorFormByPrefix(
  dialects: readonly [WithErrors, ...WithErrors[]]
): (target: string) => ErrorForm {
  return target => {
    const path = `${pathOf(target)}/`
    const owner = dialects.find(({ mounts }) =>
      mounts.some(({ prefix }) => path.startsWith(`${prefix.toLowerCase()}/`))
    )
    return (owner ?? dialects[0]).errorForm
  }
}

/** The path as the router reads it: no scheme and host, lower case, single slashes. */
const pathOf = (target: string): string =>
  target
    .replace(/^https?:\/\/[^/?]*/i, '')
    .replace(/\?.*$/s, '')
    .replace(/\/{2,}/g, '/')
    .toLowerCase()
