import type { Document, DocumentCommit, DocumentStore } from '../kernel/ports.ts'
import { decodeKey, encodeKey } from './document-key.ts'
import type { RedisClient, Scripts } from './redis-client.ts'
import type { RedisLink } from './redis-link.ts'
import { scanKeys } from './redis-names.ts'

/** Documents in Redis. Keys and reasons are in docs/decisions/0002-redis-layout.md. */

export interface RedisDocumentsOptions {
  readonly client: RedisClient
  readonly link: RedisLink
  /** Prefix of every key, with the schema version. */
  readonly prefix: string
  readonly trouble: () => string | undefined
}

/**
 * A space is a hash of `version` and, under a colon and each table's name, how many documents that table holds. A
 * table with another number was evicted or changed by someone else: the whole space then counts as empty.
 */
const versionOf = `
  local function versionOf(space)
    local version = 0
    local fields = redis.call('HGETALL', space)
    for i = 1, #fields, 2 do
      if fields[i] == 'version' then
        version = tonumber(fields[i + 1])
      elseif redis.call('HLEN', space .. fields[i]) ~= tonumber(fields[i + 1]) then
        return 0
      end
    end
    return version
  end`

/** The end of a table's key for each field of a space except `version`. */
const dropTables = `
  local function dropTables(space)
    for _, field in ipairs(redis.call('HKEYS', space)) do
      redis.call('UNLINK', space .. field)
    end
    redis.call('UNLINK', space)
  end`

export const documentScripts = {
  /** KEYS: the space. */
  spaceVersion: { lua: `${versionOf} return versionOf(KEYS[1])` },
  /**
   * KEYS: the space, then its tables that change. ARGV: expected version; for each table how many arguments its
   * deletes and its puts have; all deletes (keys); all puts (key and value in turn). The first write changes nothing,
   * and deletes come before puts: without the right to one of them, or with full memory, nothing is changed.
   */
  commitDocuments: {
    lua: `${versionOf} ${dropTables}
      local space = KEYS[1]
      local version = versionOf(space)
      if version ~= tonumber(ARGV[1]) then return 0 end
      if version == 0 then dropTables(space) end
      redis.call('HSET', space, 'version', version)
      for i = 2, #KEYS do
        local field = string.sub(KEYS[i], #space + 1)
        if not redis.call('HGET', space, field) then redis.call('UNLINK', KEYS[i]) end
      end
      local at = 2 * #KEYS
      local function apply(command, key, count)
        local stop = at + count
        while at < stop do
          -- Lua unpacks no more than some thousands at a time.
          local last = math.min(at + 1000, stop) - 1
          redis.call(command, key, unpack(ARGV, at, last))
          at = last + 1
        end
      end
      for i = 2, #KEYS do apply('HDEL', KEYS[i], tonumber(ARGV[2 * i - 2])) end
      for i = 2, #KEYS do apply('HSET', KEYS[i], tonumber(ARGV[2 * i - 1])) end
      for i = 2, #KEYS do
        redis.call('HSET', space, string.sub(KEYS[i], #space + 1), redis.call('HLEN', KEYS[i]))
      end
      redis.call('HSET', space, 'version', version + 1)
      return 1`
  },
  /** KEYS: the space, the table. ARGV: keys, no more than Lua unpacks. Gives values, or nothing for an empty space. */
  getDocuments: {
    lua: `${versionOf}
      if versionOf(KEYS[1]) == 0 then return {} end
      return redis.call('HMGET', KEYS[2], unpack(ARGV))`
  },
  /**
   * KEYS: the space, the table. ARGV: cursor, count. The run id of the server, the next cursor, then key and value in
   * turn.
   */
  scanTable: {
    lua: `${versionOf}
      local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
      if versionOf(KEYS[1]) == 0 then return { server or '', '0' } end
      local found = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
      local reply = { server or '', found[1] }
      for _, item in ipairs(found[2]) do reply[#reply + 1] = item end
      return reply`
  },
  /** KEYS: the lease. ARGV: owner, milliseconds. */
  renewLease: {
    lua: `
      local owner = redis.call('GET', KEYS[1])
      if owner and owner ~= ARGV[1] then return 0 end
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
      return 1`
  },
  /** KEYS: the space. */
  dropSpace: { lua: `${dropTables} dropTables(KEYS[1])` }
} satisfies Partial<Scripts>

/** Most keys of one HMGET: Lua unpacks only some thousands. */
const getSize = 1000

/** A {@link DocumentStore} over a connection that was made with {@link documentScripts}. */
export function createRedisDocuments(options: RedisDocumentsOptions): DocumentStore {
  const { client, link, prefix } = options
  const spaceKey = (space: string) => `${prefix}{${space}}:space`
  const tableKey = (space: string, table: string) => `${spaceKey(space)}:${table}`
  const leaseKey = (space: string) => `${prefix}{${space}}:builder`

  const get = async (space: string, table: string, keys: readonly string[]) => {
    const where = [spaceKey(space), tableKey(space, table)]
    const parts: Promise<(Buffer | undefined)[]>[] = []
    for (let i = 0; i < keys.length; i += getSize) {
      const part = keys.slice(i, i + getSize)
      const found = client.getDocumentsBuffer(2, ...where, ...part.map(encodeKey))
      parts.push(found.then(values => part.map((_, no) => values[no] ?? undefined)))
    }
    return (await Promise.all(parts)).flat()
  }

  /**
   * A cursor is valid only for the server process that gave it. On another one, as after a failover or restart, the
   * scan starts again.
   */
  async function* scan(space: string, table: string) {
    const keys = [spaceKey(space), tableKey(space, table)]
    let server: string | undefined
    let cursor = '0'
    let count = 10
    for (;;) {
      const reply = await link.run('reading', space, () =>
        client.scanTableBuffer(2, ...keys, cursor, count)
      )
      const batch = toBatch(reply)
      const isSame = server === undefined || server === batch.server
      server = batch.server
      cursor = isSame ? batch.cursor : '0'
      count = nextCount(count, batch.documents)
      if (batch.documents.length > 0) yield batch.documents
      if (isSame && cursor === '0') return
    }
  }

  const commit = async (space: string, change: DocumentCommit) => {
    const changes = byTable(change)
    const keys = [spaceKey(space), ...[...changes.keys()].map(table => tableKey(space, table))]
    const tables = [...changes.values()]
    const isFirst = await client.commitDocuments([
      keys.length,
      ...keys,
      change.expectedVersion,
      ...tables.flatMap(({ deletes, puts }) => [deletes.length, puts.length]),
      ...tables.flatMap(({ deletes }) => deletes),
      ...tables.flatMap(({ puts }) => puts)
    ])
    return isFirst === 1
  }

  return {
    version: space => link.run('reading', space, () => client.spaceVersion(1, spaceKey(space))),
    get: (space, table, keys) => link.run('reading', space, () => get(space, table, keys)),
    scan,
    commit: (space, change) => link.run('writing', space, () => commit(space, change)),
    lease: (space, owner, ms) =>
      link.run(
        'writing',
        space,
        async () => (await client.renewLease(1, leaseKey(space), owner, ms)) === 1
      ),
    release: (space, owner) =>
      link.run('writing', space, async () => {
        await client.releaseLease(1, leaseKey(space), owner)
      }),
    drop: space =>
      link.run('writing', space, async () => {
        await client.dropSpace(1, spaceKey(space))
      }),
    names: () => scanKeys({ client, link, start: `${prefix}{`, end: '}:space' }),
    trouble: options.trouble,
    close: link.close
  }
}

/** The changes of a commit for each table: keys to delete; then keys and values, alternating. */
function byTable({ puts, deletes }: DocumentCommit) {
  const tables = new Map<string, { readonly deletes: Buffer[]; readonly puts: Buffer[] }>()
  const changesOf = (table: string) => {
    const changes = tables.get(table) ?? { deletes: [], puts: [] }
    tables.set(table, changes)
    return changes
  }
  for (const { table, key } of deletes) changesOf(table).deletes.push(encodeKey(key))
  for (const { table, key, value } of puts) changesOf(table).puts.push(encodeKey(key), value)
  return tables
}

/** What `scanTable` gives. */
function toBatch([server, cursor, ...items]: Buffer[]) {
  const documents: Document[] = []
  for (let i = 0; i < items.length; i += 2) {
    documents.push({ key: decodeKey(items[i]!), value: items[i + 1]! })
  }
  return { server: server!.toString(), cursor: cursor!.toString(), documents }
}

/** HSCAN takes a count, not bytes: the count is adapted so that batches are 256 kB to 1 MB. */
function nextCount(count: number, documents: readonly Document[]): number {
  const bytes = documents.reduce((sum, { value }) => sum + value.length, 0)
  if (bytes > 1024 * 1024) return Math.max(1, Math.floor(count / 2))
  return bytes < 256 * 1024 ? Math.min(1000, 2 * count) : count
}
