/** A Redis server for one bench, ended with it. */
import { type RedisServer, startRedis as start } from '../../test/support/redis.ts'

export interface BenchRedis extends RedisServer {
  readonly url: string
  /** Ends it and leaves nothing behind. */
  stop(): Promise<void>
}

/** Durable: writes reach its disk before they are confirmed, so that it comes back with what it had. */
export async function startRedis({ isDurable = false } = {}): Promise<BenchRedis> {
  let stop = async () => {}
  const scope = {
    teardown(work: () => Promise<void>) {
      stop = work
    }
  }
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  const server = await start(scope, isDurable ? durable : [])
  return { ...server, url: `redis://127.0.0.1:${server.port}`, stop: () => stop() }
}
