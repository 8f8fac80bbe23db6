import type { BaseLogger } from 'pino'
import { createMemoryStore } from './memory.ts'
import { createMemoryDocuments } from './memory-documents.ts'
import type { RedisStoreOptions } from './redis.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite.ts'
import { openSqliteDocuments } from './sqlite-documents.ts'
import type { Stores } from './stores.ts'

export interface OpenStoreOptions extends Omit<SqliteStoreOptions, 'onTrouble'> {
  /** When given, Redis is the store, and the data directory is not used for one. */
  readonly redis?: Omit<RedisStoreOptions, 'onTrouble'> | undefined
  /** Most bytes of bodies, and of documents, when memory is used in place of the data directory. */
  readonly memoryMaxBytes: number
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

type OnTrouble = (trouble: string | undefined) => void

/**
 * Opens the stores of this process. A store that cannot be used does not keep the gateway from serving (G7): the
 * wait for Redis is limited, and memory replaces a data directory that cannot be used. The log says so once,
 * `trouble()` as long as it lasts. Later failures are logged once when they begin and once when they end.
 */
export async function openStore(options: OpenStoreOptions): Promise<Stores> {
  const { redis, memoryMaxBytes, logger, ...sqlite } = options
  const troubleOf = tellTroubles(logger)
  if (redis) {
    const { openRedisStore } = await import('./redis.ts')
    return openRedisStore({ ...redis, onTrouble: troubleOf() })
  }
  return {
    log: openOr(
      troubleOf(),
      onTrouble => openSqliteStore({ ...sqlite, onTrouble }),
      trouble => createMemoryStore({ bodyMaxBytes: memoryMaxBytes, trouble })
    ),
    documents: openOr(
      troubleOf(),
      onTrouble => openSqliteDocuments({ ...sqlite, onTrouble }),
      trouble => createMemoryDocuments({ maxBytes: memoryMaxBytes, trouble })
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

/** Logs the failures of several stores: a failure they share once, and the end when all of them work again. */
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
