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
   * KEYS: the journal, its changes, then the bodies. ARGV: expected version, state, lifetime of bodies, count of
   * heads, each head's number and bytes, then the bodies. Bodies come first, so that what an error leaves behind is
   * harmless.
   */
  commitJournal: {
    lua: `
      local journal = KEYS[1]
      local version = tonumber(redis.call('HGET', journal, 'version') or '0')
      if version ~= tonumber(ARGV[1]) then return 0 end
      local bodies = 5 + 2 * tonumber(ARGV[4])
      for i = 3, #KEYS do
        redis.call('SET', KEYS[i], ARGV[bodies + i - 3], 'EX', ARGV[3])
      end
      redis.call('HSET', journal, 'version', version + 1, 'state', ARGV[2])
      for i = 5, bodies - 1, 2 do
        redis.call('HSET', journal, ARGV[i], ARGV[i + 1])
        redis.call('ZADD', KEYS[2], version + 1, ARGV[i])
      end
      return 1`
  },
  /** KEYS: the journal and its changes. ARGV: a version. Version, state, then number and bytes of later heads. */
  loadChanges: {
    lua: `
      local found = redis.call('HMGET', KEYS[1], 'version', 'state')
      if not found[1] then return {} end
      for _, no in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf')) do
        found[#found + 1] = no
        found[#found + 1] = redis.call('HGET', KEYS[1], no)
      end
      return found`
  },
  /** KEYS: the lease. ARGV: its owner. */
  releaseLease: {
    lua: `
      if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
      return 0`
  },
  /** KEYS: the journal, what its bodies' keys begin with, and the keys that go with it. */
  dropJournal: {
    lua: `
      for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        redis.call('UNLINK', KEYS[2] .. field)
      end
      return redis.call('UNLINK', KEYS[1], KEYS[3], KEYS[4])`
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
  const changesKey = (log: string) => `${keyPrefix}${schemaVersion}:{${log}}:changes`
  const leaseKey = (log: string) => `${keyPrefix}${schemaVersion}:{${log}}:lease`
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
    const keys = [
      journalKey(log),
      changesKey(log),
      ...change.bodies.map(({ no }) => bodyKey(log, no))
    ]
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

  const load = async (log: string, since: number) => {
    const journal = journalKey(log)
    if (since === 0) return toJournal(await client.hgetallBuffer(journal))
    const changes = await client.loadChangesBuffer(2, journal, changesKey(log), since)
    return toChanges(changes)
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
    load: (log, since = 0) => link.run('reading', () => load(log, since)),
    version: log =>
      link.run('reading', async () => Number((await client.hget(journalKey(log), 'version')) ?? 0)),
    lease: (log, owner, ms) =>
      link.run('writing', async () => {
        const key = leaseKey(log)
        return (await client.set(key, owner, 'PX', ms, 'NX')) === 'OK'
      }),
    release: (log, owner) =>
      link.run('writing', async () => {
        await client.releaseLease(1, leaseKey(log), owner)
      }),
    commit: (log, change) => link.run('writing', () => commit(log, change)),
    readBody: (log, no) => link.run('reading', () => readBody(bodyKey(log, no))),
    writeBody: (log, no, body) =>
      link.run('writing', async () => {
        await client.set(bodyKey(log, no), body, 'EX', bodySeconds)
      }),
    drop: log =>
      link.run('writing', async () => {
        const others = [changesKey(log), leaseKey(log)]
        await client.dropJournal(4, journalKey(log), bodyKey(log, ''), ...others)
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

/** What `loadChanges` gives: version, state, then number and bytes in turn. */
function toChanges([version, state, ...rest]: Buffer[]): StoredJournal | undefined {
  if (!version || !state) return undefined
  const heads = rest.flatMap((no, i) =>
    i % 2 === 0 ? [{ no: Number(no.toString()), head: rest[i + 1]! }] : []
  )
  return {
    version: Number(version.toString()),
    state,
    heads: heads.sort((a, b) => a.no - b.no)
  }
}
