import { type DestinationStream, type Logger, pino } from 'pino'

export interface LoggerOptions {
  /** A level of pino, or `silent`. */
  readonly level: string
  /** Default standard output. */
  readonly destination?: DestinationStream
}

/** One JSON object per line. Errors go in as `err`, and come out as {@link describeError} tells them. */
export const createLogger = ({ level, destination }: LoggerOptions): Logger =>
  pino(
    { level, base: null, serializers: { err: describeError } },
    destination ?? pino.destination()
  )

/** What is logged of an error. */
export interface ErrorDescription {
  readonly type: string
  readonly message: string
  readonly code?: string
  /** The innermost place in the gateway's own files, for instance `feedlog/tip.ts:42`. */
  readonly at?: string
  readonly cause?: ErrorDescription
}

/**
 * An error without its stack and without what libraries hang on it: undici keeps the bytes that it could not
 * parse, and those are Sekoia's.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error' }
  const { code, cause } = error as NodeJS.ErrnoException
  const at = /\/src\/([\w/-]+\.ts:\d+)/.exec(error.stack ?? '')?.[1]
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(at !== undefined && { at }),
    ...(cause !== undefined && depth < maxCauses && { cause: describeError(cause, depth + 1) })
  }
}

const maxCauses = 5
