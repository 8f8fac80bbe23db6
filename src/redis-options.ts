import { readFileSync } from 'node:fs'
import type { Config } from './config/load.ts'
import type { OpenStoreOptions } from './stores/open.ts'

/** How Redis is reached, with the files of its TLS read; undefined where Redis is not the store. */
export function redisOf({ redis }: Config): OpenStoreOptions['redis'] {
  if (!redis.url) return undefined
  const { caFile, certFile, keyFile } = redis.tls
  return {
    ...redis,
    tls: {
      ...(caFile && { ca: readFileSync(caFile) }),
      ...(certFile && { cert: readFileSync(certFile), key: readFileSync(keyFile) })
    }
  }
}
