import type { BaseLogger } from 'pino'
import type { LogStore } from '../kernel/ports.ts'
import { createMemoryStore } from './memory.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite.ts'

export interface OpenStoreOptions extends Omit<SqliteStoreOptions, 'onTrouble'> {
  /** Most bytes of bodies held when memory has to stand in for the data directory. */
  readonly memoryMaxBytes: number
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

/**
 * The store of this process. A data directory that cannot be used is no reason not to serve (G7): memory stands in,
 * the log says so once, and `trouble()` says it for as long as it lasts. Later trouble is logged once per change.
 */
export function openStore({ memoryMaxBytes, logger, ...options }: OpenStoreOptions): LogStore {
  const onTrouble = (trouble: string | undefined) => {
    if (trouble)
      logger.error({ trouble }, 'the store is in trouble: serving from memory and Sekoia')
    else logger.info('the store works again')
  }
  try {
    return openSqliteStore({ ...options, onTrouble })
  } catch (error) {
    const trouble = `the data directory cannot be used: ${(error as Error).message}`
    onTrouble(trouble)
    return createMemoryStore({ bodyMaxBytes: memoryMaxBytes, trouble })
  }
}
