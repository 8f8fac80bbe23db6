/**
 * Every failure the gateway knows, as one table. Inside the code there is only a kind; each dialect turns it
 * into its own body, and nothing of the cause (upstream text, keys, stacks) ever reaches a client.
 */
const errorKinds = {
  malformed: { status: 400, title: 'The request is malformed' },
  unauthorized: { status: 401, title: 'Credentials are missing or not accepted' },
  forbidden: { status: 403, title: 'The key does not give access to this resource' },
  'read-only': { status: 403, title: 'This server is read-only' },
  'not-found': { status: 404, title: 'The resource does not exist' },
  'method-not-allowed': { status: 405, title: 'The method is not defined for this path' },
  'not-acceptable': { status: 406, title: 'No acceptable media type' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  unwalkable: { status: 409, title: 'This feed cannot be followed from oldest to newest' },
  'content-too-large': { status: 413, title: 'The request body is too large' },
  'uri-too-long': { status: 414, title: 'The request URL is too long' },
  throttled: { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'The gateway failed' },
  'bad-answer': { status: 502, title: 'Sekoia gave an answer that is not usable' },
  overloaded: { status: 503, title: 'The gateway has too much to do for now' },
  unavailable: { status: 503, title: 'Sekoia cannot be reached for now' },
  preparing: { status: 503, title: 'The feed is being read for the first time' },
  timeout: { status: 504, title: 'Sekoia did not answer in time' }
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorKind = keyof typeof errorKinds

export interface GatewayErrorOptions {
  /** Plain public text: names the parameter and what to do. Never upstream text, never a key. */
  detail?: string
  /** Seconds for `Retry-After`. */
  retryAfterSeconds?: number
  /** What happened inside; goes to the log only, see ops/logger.ts. */
  cause?: unknown
}

/** A failure with a public kind. Thrown by every layer, answered by the dialect. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly kind: ErrorKind
  readonly detail: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(kind: ErrorKind, options: GatewayErrorOptions = {}) {
    super(
      options.detail ?? errorKinds[kind].title,
      options.cause === undefined ? {} : { cause: options.cause }
    )
    this.kind = kind
    this.detail = options.detail
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number {
    return errorKinds[this.kind].status
  }

  get title(): string {
    return errorKinds[this.kind].title
  }
}

/** Sekoia refused a cursor it once gave (U-7): the feed log reads again from a time instead. */
export class CursorRefusedError extends GatewayError {
  constructor(options: GatewayErrorOptions = {}) {
    super('bad-answer', options)
  }
}

/** Another gateway on the same store wrote first. Sekoia did not fail, and the request may be tried again at once. */
export class OvertakenError extends GatewayError {
  constructor() {
    super('overloaded', {
      detail: 'Another gateway is at work on this feed: ask again in a moment',
      retryAfterSeconds: 1
    })
  }
}

const refusals: ReadonlySet<ErrorKind> = new Set(['unauthorized', 'forbidden', 'not-found'])

/** True when Sekoia said no to this key or feed: the only failures that end access (G6). */
export const isRefusal = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && refusals.has(error.kind)

/** The error as a {@link GatewayError}; anything unforeseen is `internal`. */
export const asGatewayError = (error: unknown): GatewayError =>
  error instanceof GatewayError ? error : new GatewayError('internal', { cause: error })
