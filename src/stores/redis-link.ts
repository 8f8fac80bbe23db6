import type { RedisClient } from './redis-client.ts'
import { createNodeRest } from './redis-rest.ts'
import type { Activity, StoreTroubleWatch } from './trouble.ts'

/** The connection as the store uses it: every operation has a time limit, and failures are noticed without one. */
export interface RedisLink {
  /**
   * Rejects within the time limit, with an error that carries no more than a message; at once while the node that
   * holds what `tag` names is left alone.
   */
  run<T>(kind: Activity, tag: string, work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface RedisLinkOptions {
  readonly client: RedisClient
  readonly watch: StoreTroubleWatch
  readonly timeoutMs: number
  /** Has to succeed on a new connection before anything else runs on it. */
  readonly greet: () => Promise<void>
  /** A write that changes nothing: shows on a new connection whether writing works. */
  readonly probe: () => Promise<unknown>
  /** The node that holds what a tag names. */
  readonly nodeOf: (tag: string) => string
  /** A small question to that node. */
  readonly ping: (tag: string) => Promise<unknown>
}

/** Resolves when the connection is ready, when it has failed, or after the time limit; never rejects. */
export async function openRedisLink(options: RedisLinkOptions): Promise<RedisLink> {
  const { client, watch, timeoutMs } = options
  const opened = Promise.withResolvers<void>()
  let cause = 'no answer yet'
  let greeting: Promise<void> | undefined
  let checking: NodeJS.Timeout | undefined
  let isClosed = false

  const greet = () => {
    greeting ??= options.greet().catch(error => {
      greeting = undefined
      throw error
    })
    return greeting
  }

  const rest = createNodeRest({
    timeoutMs,
    nodeOf: options.nodeOf,
    probe: tag => within(timeoutMs, () => options.ping(tag)),
    onVain: message => watch.failed('reading', message)
  })

  const operate = async <T>(work: () => Promise<T>) => {
    if (isClosed) throw new Error('the store is closed')
    if (client.status !== 'ready') throw new Error(`Redis is not connected: ${cause}`)
    await greet()
    return work()
  }

  /** Without the trouble of a node that is known to be left alone. */
  const run = async <T>(kind: Activity, tag: string, work: () => Promise<T>) => {
    if (!isClosed && client.status === 'ready') rest.assertAwake(tag)
    return attempt(kind, () =>
      rest.run(tag, () => within(timeoutMs, () => operate(work)), isAbsence)
    )
  }

  const isAbsence = (error: unknown) => client.status === 'ready' && error instanceof AbsenceError

  const attempt = async <T>(kind: Activity, work: () => Promise<T>) => {
    try {
      const result = await watch.attempt(kind, work)
      watch.worked('connecting')
      return result
    } finally {
      if (watch.text()) checkSoon()
    }
  }

  const check = () =>
    Promise.allSettled([
      attempt('reading', () => within(timeoutMs, () => operate(options.greet))),
      attempt('writing', () => within(timeoutMs, () => operate(options.probe)))
    ])

  /** Notices that the store works again, also when no operation runs. */
  const checkSoon = () => {
    if (isClosed) return
    checking ??= setTimeout(() => {
      checking = undefined
      check()
    }, timeoutMs).unref()
  }

  const onReady = async () => {
    greeting = undefined
    rest.wake()
    cause = 'the connection was lost'
    await check()
    opened.resolve()
  }

  const onLost = (error?: Error) => {
    if (error) cause = messageOf(error)
    if (isClosed || client.status === 'ready') return
    watch.failed('connecting', cause)
    opened.resolve()
  }

  client.on('ready', onReady)
  client.on('error', onLost)
  client.on('close', () => onLost())

  await within(timeoutMs, () => opened.promise).catch(error => watch.failed('connecting', error))
  return {
    run,
    async close() {
      isClosed = true
      rest.close()
      clearTimeout(checking)
      if (client.status === 'ready') await within(timeoutMs, () => client.quit()).catch(() => {})
      client.disconnect()
    }
  }
}

/** Gives each user of a connection its own link to close; the connection ends when the last one is closed. */
export function shareLink(link: RedisLink): () => RedisLink {
  let users = 0
  return () => {
    let isClosed = false
    users++
    return {
      async run(kind, tag, work) {
        if (isClosed) throw new Error('the store is closed')
        return link.run(kind, tag, work)
      },
      async close() {
        if (isClosed) return
        isClosed = true
        users--
        if (users === 0) await link.close()
      }
    }
  }
}

/** What is in Redis was written by a newer gateway: Redis itself is well. */
export class UnknownSchemaError extends Error {}

/** No answer came, or one that says that there is none yet. */
class AbsenceError extends Error {}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`Redis did not answer within ${ms} ms`))
  }, ms)
  try {
    return await Promise.race([work(), late.promise])
  } catch (error) {
    // The errors of ioredis carry the command with its arguments: bodies, or a password.
    const { name, message } = error as Error
    const isReply = name === 'ReplyError' && !/^(?:CLUSTERDOWN|LOADING|TRYAGAIN)/.test(message)
    const isWell = isReply || error instanceof UnknownSchemaError
    throw new (isWell ? Error : AbsenceError)(messageOf(error as Error))
  } finally {
    clearTimeout(timer)
  }
}

/** Messages of ioredis about its options and retries, in the operator's terms. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [
    /^(Reached the max retries|Stream isn't writeable|Command aborted).*/s,
    'the connection was lost'
  ],
  [/^All sentinels are unreachable.*/s, 'no Sentinel names a master that can be reached'],
  [/\.? script: .*/s, '']
]

const messageOf = (error: Error & { lastNodeError?: Error }): string =>
  phrases.reduce(
    (message, [pattern, text]) => message.replace(pattern, text),
    error.lastNodeError?.message ?? error.message
  )
