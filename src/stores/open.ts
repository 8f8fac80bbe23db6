import type { BaseLogger } from 'pino'
import type { LogStore } from '../kernel/ports.ts'
import { createMemoryStore } from './memory.ts'
import type { RedisStoreOptions } from './redis.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite.ts'

export interface OpenStoreOptions extends Omit<SqliteStoreOptions, 'onTrouble'> {
  /** Given: Redis is the store, and the data directory holds none. */
  readonly redis?: Omit<RedisStoreOptions, 'onTrouble'> | undefined
  /** Most bytes of bodies held when memory has to stand in for the data directory. */
  readonly memoryMaxBytes: number
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

/**
 * The store of this process. A store that cannot be used is no reason not to serve (G7): Redis is waited for no
 * longer than its time limit, and memory stands in for a data directory. The log says so once, and `trouble()` says
 * it for as long as it lasts. Later trouble is logged once per change.
 */
export async function openStore(options: OpenStoreOptions): Promise<LogStore> {
  const { redis, memoryMaxBytes, logger, ...sqlite } = options
  const onTrouble = (trouble: string | undefined) => {
    if (trouble)
      logger.error({ trouble }, 'the store is in trouble: serving from memory and Sekoia')
    else logger.info('the store works again')
  }
  if (redis) {
    const { openRedisStore } = await import('./redis.ts')
    return openRedisStore({ ...redis, onTrouble })
  }
  try {
    return openSqliteStore({ ...sqlite, onTrouble })
  } catch (error) {
    const trouble = `the data directory cannot be used: ${(error as Error).message}`
    onTrouble(trouble)
    return createMemoryStore({ bodyMaxBytes: memoryMaxBytes, trouble })
  }
}
