import { availableParallelism } from 'node:os'
import type { Config } from '../config/load.ts'

/** How many processes serve. */
export const workersOf = ({ server: { workers } }: Config): number =>
  workers === 'auto' ? availableParallelism() : workers

/** What one of so many workers holds in memory: bounds of bytes are for the gateway, so each gets its part. */
export function dividedAmong(count: number, config: Config): Config {
  const part = (bytes: number) => Math.floor(bytes / count)
  const { cache, misp, native } = config
  return {
    ...config,
    cache: {
      maxBytes: part(cache.maxBytes),
      compressedMaxBytes: part(cache.compressedMaxBytes)
    },
    misp: { ...misp, cacheMaxBytes: part(misp.cacheMaxBytes) },
    native: { ...native, cacheMaxBytes: part(native.cacheMaxBytes) }
  }
}
