/** A Redis server for one bench, ended with it. */
import { type RedisServer, startRedis } from '../../test/support/redis.ts'

export interface BenchRedis extends RedisServer {
  readonly url: string
  /** Ends it and leaves nothing behind. */
  stop(): Promise<void>
}

/** Writes reach its disk before they are confirmed, so that it comes back with what it had. */
export async function startDurableRedis(): Promise<BenchRedis> {
  let stop = async () => {}
  const scope = {
    teardown(work: () => Promise<void>) {
      stop = work
    }
  }
  const server = await startRedis(scope, ['--appendonly', 'yes', '--appendfsync', 'always'])
  return { ...server, url: `redis://127.0.0.1:${server.port}`, stop: () => stop() }
}
