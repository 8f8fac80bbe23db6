import type { BaseLogger } from 'pino'
import type { Clock } from '../kernel/ports.ts'
import type { ClockEvidence } from '../kernel/proven-clock.ts'
import { createMemoryStore } from './memory.ts'
import { createMemoryAnswers } from './memory-answers.ts'
import { createMemoryDocuments } from './memory-documents.ts'
import type { RedisStoreOptions } from './redis.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite.ts'
import { openSqliteAnswers } from './sqlite-answers.ts'
import { openSqliteDocuments } from './sqlite-documents.ts'
import type { Stores } from './stores.ts'

export interface OpenStoreOptions extends Omit<SqliteStoreOptions, 'onTrouble' | 'onSetAside'> {
  /** Given: Redis is the store, and the data directory holds none. */
  readonly redis?: Omit<RedisStoreOptions, 'onTrouble' | 'time'> | undefined
  /** Most bytes of bodies, and of documents, held when memory has to stand in for the data directory. */
  readonly memoryMaxBytes: number
  readonly clock: Pick<Clock, 'now' | 'elapsed'>
  /** Told what time it is for Redis. */
  readonly onTime?: ((evidence: ClockEvidence) => void) | undefined
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

/** Most bytes of answers of Sekoia's own API that are kept. */
const answersMaxBytes = 256 * 1024 * 1024

type OnTrouble = (trouble: string | undefined) => void

/**
 * The store of this process. A store that cannot be used is no reason not to serve (G7): Redis is waited for no
 * longer than its time limit, and memory stands in for a data directory. The log says so once, and `trouble()` says
 * it for as long as it lasts. Later trouble is logged once per change.
 */
export async function openStore(options: OpenStoreOptions): Promise<Stores> {
  const { redis, memoryMaxBytes, logger, onTime, ...sqlite } = options
  const troubleOf = tellTroubles(logger)
  const onSetAside = (path: string) =>
    logger.error({ path }, 'a damaged file was set aside: what it held is read or built again')
  if (redis) {
    const { openRedisStore } = await import('./redis.ts')
    const time = onTime && { clock: sqlite.clock, onTime }
    return openRedisStore({ ...redis, onTrouble: troubleOf(), ...(time && { time }) })
  }
  return {
    log: openOr(
      troubleOf(),
      onTrouble => openSqliteStore({ ...sqlite, onTrouble, onSetAside }),
      trouble => createMemoryStore({ bodyMaxBytes: memoryMaxBytes, trouble })
    ),
    documents: openOr(
      troubleOf(),
      onTrouble => openSqliteDocuments({ ...sqlite, onTrouble, onSetAside }),
      trouble => createMemoryDocuments({ maxBytes: memoryMaxBytes, trouble })
    ),
    answers: openOr(
      troubleOf(),
      onTrouble =>
        openSqliteAnswers({
          dataDir: sqlite.dataDir,
          maxBytes: answersMaxBytes,
          clock: sqlite.clock,
          onTrouble
        }),
      () => createMemoryAnswers({ maxBytes: answersMaxBytes, clock: sqlite.clock })
    )
  }
}

function openOr<T>(
  onTrouble: OnTrouble,
  open: (onTrouble: OnTrouble) => T,
  standIn: (trouble: string) => T
): T {
  try {
    return open(onTrouble)
  } catch (error) {
    const trouble = `the data directory cannot be used: ${(error as Error).message}`
    onTrouble(trouble)
    return standIn(trouble)
  }
}

/** Logs the troubles of several stores: once what they have in common, and the end once all of them work. */
function tellTroubles(logger: OpenStoreOptions['logger']): () => OnTrouble {
  const troubles = new Map<OnTrouble, string>()
  return () => {
    const onTrouble: OnTrouble = trouble => {
      if (trouble === undefined) {
        troubles.delete(onTrouble)
        if (troubles.size === 0) logger.info('the store works again')
        return
      }
      const isKnown = [...troubles.values()].includes(trouble)
      troubles.set(onTrouble, trouble)
      if (!isKnown)
        logger.error({ trouble }, 'the store is in trouble: serving from memory and Sekoia')
    }
    return onTrouble
  }
}
