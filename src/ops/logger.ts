import { type DestinationStream, type Logger, pino, symbols } from 'pino'

export interface LoggerOptions {
  /** A level of pino, or `silent`. */
  readonly level: string
  /** Default standard output. */
  readonly destination?: DestinationStream
}

/**
 * Writes one JSON object per line. Errors are passed as `err` and written as {@link describeError} describes them.
 */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = { level, base: null, serializers: { err: describeError } }
  const logger = pino(options, destination ?? standardOutput())
  makeRequestLinesFlat(logger as unknown as LineMaker)
  return logger
}

/** The part of a logger that makes its lines, which pino lets libraries replace. */
interface LineMaker {
  [symbols.asJsonSym](
    fields: { readonly err?: unknown },
    message: string,
    level: number,
    time: string
  ): string
  /** How a line begins, by its level. */
  readonly [symbols.lsCacheSym]: Readonly<Record<number, string>>
  /** What all lines of this logger have, behind a comma. */
  readonly [symbols.chindingsSym]: string
}

/**
 * Makes the one line that each request has, `request`, in one piece. It is the line that pino would make out of dozens
 * of small texts, for about 1 µs less, garbage included. Needs fields that are texts and numbers; lines with an error
 * remain pino's.
 */
function makeRequestLinesFlat(logger: LineMaker): void {
  const asJson = logger[symbols.asJsonSym]
  logger[symbols.asJsonSym] = function (fields, message, level, time) {
    if (message !== 'request' || fields.err !== undefined)
      return asJson.call(this, fields, message, level, time)
    const begin = this[symbols.lsCacheSym][level] + time + this[symbols.chindingsSym]
    return `${begin},${JSON.stringify(fields).slice(1, -1)},"msg":"request"}\n`
  }
}

/** Bytes of lines that are written at once, and how long a line waits for others. */
const batch = 16_384
const maxWaitMs = 100

/** Of one character in UTF-8. */
const maxCharacterBytes = 3

/**
 * Writes some forty lines at a time: at the latest after a tenth of a second, when the process ends, or with `fatal`,
 * for which pino calls `flushSync`. Each line by itself would be a system call. Lines are copied as they come: a line
 * consists of dozens of strings, which would otherwise outlive a garbage collection.
 */
function standardOutput(): DestinationStream & { flushSync(): void } {
  const output = pino.destination({ sync: true, contentMode: 'buffer' })
  // The types know strings alone.
  const send = (bytes: Buffer) => output.write(bytes as unknown as string)
  const lines = Buffer.allocUnsafe(batch)
  let length = 0
  let timer: NodeJS.Timeout | undefined
  const flushSync = () => {
    clearTimeout(timer)
    timer = undefined
    if (length > 0) send(Buffer.from(lines.subarray(0, length)))
    length = 0
  }
  process.once('exit', flushSync)
  return {
    write(line) {
      const most = line.length * maxCharacterBytes
      if (length + most > batch) flushSync()
      if (most > batch) send(Buffer.from(line))
      else length += lines.write(line, length)
      timer ??= setTimeout(flushSync, maxWaitMs).unref()
    },
    flushSync
  }
}

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
 * Describes an error without its stack and without what libraries attach: undici attaches the bytes that it could not
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
