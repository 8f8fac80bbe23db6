import type { JournalCommit, LogStore, StoredJournal } from '../kernel/ports.ts'
import type { RedisClient, Scripts } from './redis-client.ts'
import type { RedisLink } from './redis-link.ts'
import { scanKeys } from './redis-names.ts'

/** Feed logs in Redis. Keys and reasons are in docs/decisions/0002-redis-layout.md. */

export interface RedisLogOptions {
  readonly client: RedisClient
  readonly link: RedisLink
  /** Prefix of every key, with the schema version. */
  readonly prefix: string
  /** Lifetime of a body that nobody reads. */
  readonly bodySeconds: number
  readonly trouble: () => string | undefined
}

const day = 86_400

export const logScripts = {
  /**
   * KEYS: the journal, its changes, then the bodies. ARGV: expected version, state, lifetime of bodies, count of
   * heads, each head's number and bytes, then the bodies. Bodies come first: after an error, bodies without
   * heads are left behind, which nobody reads.
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
  /** KEYS: the body. ARGV: the length that it has, the longer form, its lifetime. */
  lengthenBody: {
    lua: `
      local body = redis.call('GET', KEYS[1])
      if not body or #body ~= tonumber(ARGV[1]) then return 0 end
      redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
      return 1`
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
} satisfies Partial<Scripts>

/** A {@link LogStore} over a connection that was made with {@link logScripts}. */
export function createRedisLog(options: RedisLogOptions): LogStore {
  const { client, link, prefix, bodySeconds } = options
  const journalKey = (log: string) => `${prefix}{${log}}:journal`
  const changesKey = (log: string) => `${prefix}{${log}}:changes`
  const leaseKey = (log: string) => `${prefix}{${log}}:lease`
  const readsKey = `${prefix}{reads}`
  const bodyKey = (log: string, no: number | '') => `${prefix}{${log}}:body:${no}`

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

  /** Reading a body restarts its lifetime, at most once a day. */
  const readBody = async (key: string) => {
    const [body, secondsLeft] = await Promise.all([client.getBuffer(key), client.ttl(key)])
    if (body && secondsLeft < bodySeconds - Math.min(day, bodySeconds / 2)) {
      client.expire(key, bodySeconds).catch(() => {})
    }
    return body ?? undefined
  }

  return {
    isShared: true,
    load: (log, since = 0) => link.run('reading', log, () => load(log, since)),
    version: log =>
      link.run('reading', log, async () =>
        Number((await client.hget(journalKey(log), 'version')) ?? 0)
      ),
    lease: (log, owner, ms) =>
      link.run('writing', log, async () => {
        const key = leaseKey(log)
        return (await client.set(key, owner, 'PX', ms, 'NX')) === 'OK'
      }),
    release: (log, owner) =>
      link.run('writing', log, async () => {
        await client.releaseLease(1, leaseKey(log), owner)
      }),
    commit: (log, change) => link.run('writing', log, () => commit(log, change)),
    readBody: (log, no) => link.run('reading', log, () => readBody(bodyKey(log, no))),
    writeBody: (log, no, body) =>
      link.run('writing', log, async () => {
        await client.set(bodyKey(log, no), body, 'EX', bodySeconds)
      }),
    lengthenBody: (log, no, from, body) =>
      link.run('writing', log, async () => {
        return (await client.lengthenBody(1, bodyKey(log, no), from, body, bodySeconds)) === 1
      }),
    drop: log =>
      link.run('writing', log, async () => {
        const others = [changesKey(log), leaseKey(log)]
        await client.dropJournal(4, journalKey(log), bodyKey(log, ''), ...others)
        await client.zrem(readsKey, log)
      }),
    names: () => scanKeys({ client, link, start: `${prefix}{`, end: '}:journal' }),
    noteRead: (log, at) =>
      link.run('writing', 'reads', async () => {
        await client.zadd(readsKey, at, log)
      }),
    unread: (before, limit) =>
      link.run('reading', 'reads', () =>
        client.zrangebyscore(readsKey, '-inf', `(${before}`, 'LIMIT', 0, limit)
      ),
    trouble: options.trouble,
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

/** What `loadChanges` gives: version, state, then numbers and bytes, alternating. */
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
