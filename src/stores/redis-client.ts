import { Cluster, Command, Redis } from 'ioredis'
import { parseRedisUrl, type RedisNode } from './redis-url.ts'

/** One ioredis client for a server, Sentinels or a Cluster, with the Lua scripts of the stores. */

export interface RedisConnection {
  /** `rediss://` for TLS. Its nodes are the server, the Sentinels, or some of the Cluster. */
  readonly url: string
  readonly mode: 'single' | 'sentinel' | 'cluster'
  /** User when the URL has none; '' for none. */
  readonly username: string
  readonly password: string
  /** The name of the master in the Sentinels. */
  readonly sentinelName: string
  /** '' when the Sentinels need none. */
  readonly sentinelPassword: string
  /** PEM. What is left out is Node's default. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer }
  /** Longest wait for a connection and for an answer; a socket that is silent for as long is closed. */
  readonly timeoutMs: number
}

/** What the store needs of ioredis: commands that Redis and Cluster share. */
export interface RedisClient {
  /** `ready` when commands are taken. */
  readonly status: string
  on(event: 'ready' | 'close' | 'error', listener: (error?: Error) => void): unknown
  /** Seconds since the epoch, and microseconds. */
  time(): Promise<readonly (number | string)[]>
  get(key: string): Promise<string | null>
  getBuffer(key: string): Promise<Buffer | null>
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>
  del(...keys: string[]): Promise<number>
  set(key: string, value: string, condition: 'NX'): Promise<unknown>
  set(key: string, value: Buffer, unit: 'PX', ms: number): Promise<unknown>
  set(key: string, value: Buffer, unit: 'EX', seconds: number): Promise<unknown>
  set(key: string, value: string, unit: 'PX', ms: number, condition: 'NX'): Promise<unknown>
  hget(key: string, field: string): Promise<string | null>
  zadd(key: string, score: number, member: string): Promise<unknown>
  zrem(key: string, member: string): Promise<unknown>
  zrangebyscore(
    key: string,
    low: string,
    high: string,
    limit: 'LIMIT',
    offset: number,
    count: number
  ): Promise<string[]>
  ttl(key: string): Promise<number>
  expire(key: string, seconds: number): Promise<number>
  hgetallBuffer(key: string): Promise<Record<string, Buffer>>
  /** Arguments as for EVAL: number of keys, keys, arguments. */
  commitJournal(
    keyCount: number,
    ...keysAndArguments: (string | number | Buffer)[]
  ): Promise<number>
  loadChangesBuffer(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<Buffer[]>
  lengthenBody(keyCount: number, ...keysAndArguments: (string | number | Buffer)[]): Promise<number>
  releaseLease(keyCount: number, ...keysAndArguments: string[]): Promise<number>
  dropJournal(keyCount: number, ...keysAndArguments: string[]): Promise<number>
  spaceVersion(keyCount: number, ...keysAndArguments: string[]): Promise<number>
  /** One list, because there may be more than a call can have arguments. */
  commitDocuments(countKeysAndArguments: readonly (string | number | Buffer)[]): Promise<number>
  getDocumentsBuffer(
    keyCount: number,
    ...keysAndArguments: (string | Buffer)[]
  ): Promise<(Buffer | null)[]>
  scanTableBuffer(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<Buffer[]>
  renewLease(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number>
  dropSpace(keyCount: number, ...keysAndArguments: string[]): Promise<number>
  scan(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    count: 'COUNT',
    size: string
  ): Promise<[cursor: string, keys: string[]]>
  /** Of a Cluster. */
  nodes?(role: 'master'): Pick<RedisClient, 'scan'>[]
  /** Of a Cluster: the nodes of each hash slot, the master first. */
  readonly slots?: readonly (readonly string[] | undefined)[]
  quit(): Promise<unknown>
  disconnect(): void
}

/** Lua by the name of the client's method. */
export type Scripts = Readonly<
  Record<
    | 'commitJournal'
    | 'loadChanges'
    | 'lengthenBody'
    | 'releaseLease'
    | 'dropJournal'
    | 'spaceVersion'
    | 'commitDocuments'
    | 'getDocuments'
    | 'scanTable'
    | 'renewLease'
    | 'dropSpace',
    { readonly lua: string }
  >
>

/** The longest pause before connecting again: a Redis that is back is used at once (ioredis waits up to 5 s). */
const longestPauseMs = 250

const retryStrategy = (attempts: number): number => Math.min(50 * attempts, longestPauseMs)

/** The node that holds the keys of a hash tag; one name for all where there is no Cluster. */
export function nodeOf({ slots }: RedisClient, tag: string): string {
  const slot = slots ? new Command('get', [`{${tag}}`]).getSlot() : undefined
  return slots?.[slot ?? 0]?.[0] ?? ''
}

/** Starts to connect, and to connect again for ever. */
export function createRedisClient(connection: RedisConnection, scripts: Scripts): RedisClient {
  const { isTls, nodes } = parseRedisUrl(connection.url)
  const options = serverOptions(connection)
  const { mode, tls, timeoutMs } = connection
  if (mode === 'cluster') {
    return new Cluster(withPorts(nodes, 6379), {
      scripts,
      redisOptions: options,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: timeoutMs,
      // Host names are not resolved here, so that certificates can be checked against them.
      dnsLookup: (host, callback) => callback(null, host)
    }) as unknown as RedisClient
  }
  const sentinel = {
    name: connection.sentinelName,
    sentinels: withPorts(nodes, 26_379),
    sentinelCommandTimeout: timeoutMs,
    sentinelRetryStrategy: retryStrategy,
    ...(connection.sentinelPassword && { sentinelPassword: connection.sentinelPassword }),
    ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: tls })
  }
  const where = mode === 'sentinel' ? sentinel : withPorts(nodes, 6379)[0]
  return new Redis({
    ...options,
    ...where,
    scripts,
    enableOfflineQueue: false
  }) as unknown as RedisClient
}

/**
 * No operation waits for a connection and none is sent twice: one that cannot run now fails now, and the gateway
 * continues without the store. A silent socket is closed together with everything queued on it.
 */
function serverOptions({ url, username, password, tls, timeoutMs }: RedisConnection) {
  const found = parseRedisUrl(url)
  return {
    ...(found.isTls && { tls }),
    username: found.username || username,
    password: found.password || password,
    db: found.database,
    connectionName: 'sekoia-feed-gateway',
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy,
    // After a failover the old master answers READONLY, also when a name still leads to it.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY')
  }
}

const withPorts = (nodes: readonly RedisNode[], usual: number) =>
  nodes.map(({ host, port }) => ({ host, port: port ?? usual }))
