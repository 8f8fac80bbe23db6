import type { JournalCommit, LogStore, StoredJournal } from '../kernel/ports.ts'
import { createRedisClient, type RedisConnection, type Scripts } from './redis-client.ts'
import { openRedisLink } from './redis-link.ts'
import { watchTrouble } from './trouble.ts'

/**
 * The store that replicas share: Redis alone, behind Sentinels, or a Cluster. Keys and reasons are in
 * docs/decisions/0002-redis-layout.md.
 */

export interface RedisStoreOptions extends RedisConnection {
  /** Before every key; holds no brace. */
  readonly keyPrefix: string
  /** Lifetime of a body that nobody reads. */
  readonly bodySeconds: number
  /** Told when trouble begins (its text) and when it has ended (undefined). */
  readonly onTrouble?: (trouble: string | undefined) => void
}

const schemaVersion = 1
const day = 86_400

const scripts: Scripts = {
  /**
   * KEYS: the journal, then the bodies. ARGV: expected version, state, lifetime of bodies, count of heads, each
   * head's number and bytes, then the bodies. Bodies come first, so that what an error leaves behind is harmless.
   */
  commitJournal: {
    lua: `
      local journal = KEYS[1]
      local version = tonumber(redis.call('HGET', journal, 'version') or '0')
      if version ~= tonumber(ARGV[1]) then return 0 end
      local bodies = 5 + 2 * tonumber(ARGV[4])
      for i = 2, #KEYS do
        redis.call('SET', KEYS[i], ARGV[bodies + i - 2], 'EX', ARGV[3])
      end
      redis.call('HSET', journal, 'version', version + 1, 'state', ARGV[2])
      for i = 5, bodies - 1, 2 do
        redis.call('HSET', journal, ARGV[i], ARGV[i + 1])
      end
      return 1`
  },
  /** KEYS: the journal, and what its bodies' keys begin with. */
  dropJournal: {
    lua: `
      for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        redis.call('UNLINK', KEYS[2] .. field)
      end
      return redis.call('UNLINK', KEYS[1])`
  }
}

/**
 * Resolves when Redis answers, is known not to, or after `timeoutMs`: the store then rejects until Redis is
 * back, each time within `timeoutMs`, and needs no help to recover. Never rejects.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<LogStore> {
  const { mode, timeoutMs, bodySeconds, keyPrefix } = options
  const client = createRedisClient(options, scripts)
  // While one node of a Cluster is down the others answer: one trouble, not one for each change of node.
  const watch = watchTrouble(options.onTrouble, { calmMs: mode === 'cluster' ? 5 * timeoutMs : 0 })
  const schemaKey = `${keyPrefix}schema`
  const journalKey = (log: string) => `${keyPrefix}${schemaVersion}:{${log}}:journal`
  const bodyKey = (log: string, no: number | '') =>
    `${keyPrefix}${schemaVersion}:{${log}}:body:${no}`

  const greet = async () => {
    const found = Number(await client.get(schemaKey))
    if (found > schemaVersion) {
      throw new Error(
        `${schemaKey} in Redis is ${found}, newer than the ${schemaVersion} this gateway knows`
      )
    }
  }
  const link = await openRedisLink({
    client,
    watch,
    timeoutMs,
    greet,
    probe: () => client.set(schemaKey, String(schemaVersion), 'NX')
  })

  const commit = async (log: string, change: JournalCommit) => {
    const keys = [journalKey(log), ...change.bodies.map(({ no }) => bodyKey(log, no))]
    const isFirst = await client.commitJournal(
      keys.length,
      ...keys,
      change.expectedVersion,
      change.state,
      bodySeconds,
      change.heads.length,
      ...change.heads.flatMap(({ no, head }) => [no, head]),
      ...change.bodies.map(({ body }) => body)
    )
    return isFirst === 1
  }

  /** What is read is kept: the lifetime starts again, at most once a day. */
  const readBody = async (key: string) => {
    const [body, secondsLeft] = await Promise.all([client.getBuffer(key), client.ttl(key)])
    if (body && secondsLeft < bodySeconds - Math.min(day, bodySeconds / 2)) {
      client.expire(key, bodySeconds).catch(() => {})
    }
    return body ?? undefined
  }

  return {
    isShared: true,
    load: log =>
      link.run('reading', async () => toJournal(await client.hgetallBuffer(journalKey(log)))),
    commit: (log, change) => link.run('writing', () => commit(log, change)),
    readBody: (log, no) => link.run('reading', () => readBody(bodyKey(log, no))),
    writeBody: (log, no, body) =>
      link.run('writing', async () => {
        await client.set(bodyKey(log, no), body, 'EX', bodySeconds)
      }),
    drop: log =>
      link.run('writing', async () => {
        await client.dropJournal(2, journalKey(log), bodyKey(log, ''))
      }),
    trouble: watch.text,
    close: link.close
  }
}

/** The journal's hash: `version`, `state`, and each head under its number. */
function toJournal({
  version,
  state,
  ...heads
}: Record<string, Buffer>): StoredJournal | undefined {
  if (!version || !state) return undefined
  return {
    version: Number(version.toString()),
    state,
    heads: Object.entries(heads)
      .map(([no, head]) => ({ no: Number(no), head }))
      .sort((a, b) => a.no - b.no)
  }
}
