import { createRedisAnswers } from './redis-answers.ts'
import { createRedisClient, nodeOf, type RedisConnection } from './redis-client.ts'
import { createRedisDocuments, documentScripts } from './redis-documents.ts'
import { openRedisLink, shareLink, UnknownSchemaError } from './redis-link.ts'
import { createRedisLog, logScripts } from './redis-log.ts'
import { type RedisTimeOptions, witnessTime } from './redis-time.ts'
import type { Stores } from './stores.ts'
import { watchTrouble } from './trouble.ts'

/**
 * The stores that several gateways share: one Redis server, Redis behind Sentinels, or a Cluster, over one
 * connection. Keys and reasons are in docs/decisions/0002-redis-layout.md.
 */

export interface RedisStoreOptions extends RedisConnection {
  /** Prefix of every key, without braces. */
  readonly keyPrefix: string
  /** Lifetime of a body that nobody reads. */
  readonly bodySeconds: number
  /** Called with a text when the store begins to fail, and with undefined when it works again. */
  readonly onTrouble?: (trouble: string | undefined) => void
  /** Told what time it is for Redis, by the `elapsed` of this clock. */
  readonly time?: Omit<RedisTimeOptions, 'client'>
}

const schemaVersion = 1

/**
 * Resolves when Redis answers or has failed, at the latest after `timeoutMs`. Until Redis is back the operations of
 * the stores reject, each within `timeoutMs`; they recover by themselves. Never rejects.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<Stores> {
  const { mode, timeoutMs, bodySeconds, keyPrefix } = options
  const client = createRedisClient(options, { ...logScripts, ...documentScripts })
  // While one node of a Cluster is down the others answer: report one failure, not one for each change of node.
  const watch = watchTrouble(options.onTrouble, { calmMs: mode === 'cluster' ? 5 * timeoutMs : 0 })
  const schemaKey = `${keyPrefix}schema`

  const greet = async () => {
    const found = Number(await client.get(schemaKey))
    if (found > schemaVersion) {
      throw new UnknownSchemaError(
        `${schemaKey} in Redis is ${found}, newer than the ${schemaVersion} this gateway knows`
      )
    }
  }
  const link = await openRedisLink({
    client,
    watch,
    timeoutMs,
    greet,
    probe: () => client.set(schemaKey, String(schemaVersion), 'NX'),
    nodeOf: tag => nodeOf(client, tag),
    ping: tag => client.get(`${keyPrefix}{${tag}}:ping`)
  })
  if (options.time) await witnessTime({ ...options.time, client })
  const share = shareLink(link)
  const common = { client, prefix: `${keyPrefix}${schemaVersion}:`, trouble: watch.text }
  return {
    log: createRedisLog({ ...common, link: share(), bodySeconds }),
    documents: createRedisDocuments({ ...common, link: share() }),
    answers: createRedisAnswers({ ...common, link: share() })
  }
}
