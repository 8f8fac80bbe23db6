import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, LogStore } from '../../../src/kernel/ports.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import { openSqliteStore } from '../../../src/stores/sqlite.ts'
import { closeStores, openRedis, type RedisServer, redisOptions, startRedis } from '../redis.ts'
import type { History } from './history.ts'

export const hasRedis = existsSync('/usr/bin/redis-server')

interface OpenStore {
  readonly store: LogStore
  close(): Promise<void>
}

const bodyMaxBytes = 16_000_000

/** A store of a kind that knows nothing. */
export function openStore(
  kind: History['store'],
  clock: Pick<Clock, 'now'>
): Promise<OpenStore> | OpenStore {
  if (kind === 'redis') return openRedisStore()
  if (kind === 'sqlite') return openSqlite(clock)
  return { store: createMemoryStore({ bodyMaxBytes }), close: async () => {} }
}

function openSqlite(clock: Pick<Clock, 'now'>): OpenStore {
  const dataDir = mkdtempSync(join(tmpdir(), 'histories-'))
  const store = openSqliteStore({ dataDir, bodyMaxBytes, clock })
  return {
    store,
    async close() {
      await store.close()
      rmSync(dataDir, { recursive: true })
    }
  }
}

/** One server for all histories of the process, gone with it. */
let server: Promise<RedisServer> | undefined

async function openRedisStore(): Promise<OpenStore> {
  const atExit = (work: () => Promise<void>) => process.once('exit', () => void work())
  server ??= startRedis({ teardown: atExit })
  const { port, call } = await server
  const stores = await openRedis({ teardown: () => {} }, redisOptions(port))
  return {
    store: stores.log,
    async close() {
      await closeStores(stores)
      await call('FLUSHALL')
    }
  }
}
