import querystring from 'node:querystring'

/** What `redis.url` says: `redis://` or `rediss://`, `[user:password@]`, one or more nodes, `[/database]`. */
export interface RedisUrl {
  readonly isTls: boolean
  /** '' when the URL names none. */
  readonly username: string
  readonly password: string
  readonly nodes: readonly RedisNode[]
  readonly database: number
}

export interface RedisNode {
  readonly host: string
  /** undefined when the URL leaves it out. */
  readonly port: number | undefined
}

const node = '(?:\\[[0-9A-Fa-f:.]+\\]|[^\\s:/?#@,[\\]]+)(?::\\d{1,5})?'

/** The shape of `redis.url`, for the configuration's schema. */
export const redisUrlPattern = `^rediss?://(?:[^\\s:/?#@]*(?::[^\\s/?#@]*)?@)?${node}(?:,${node})*(?:/\\d{0,4})?$`

const parts =
  /^(?<scheme>rediss?):\/\/(?:(?<credential>[^@]*)@)?(?<nodes>[^/]+)(?:\/(?<database>\d*))?$/

/** Reads a URL of the shape of {@link redisUrlPattern}; throws on any other. */
export function parseRedisUrl(url: string): RedisUrl {
  const found = new RegExp(redisUrlPattern).test(url) ? parts.exec(url)?.groups : undefined
  if (!found) throw new Error('not a URL of Redis')
  const [username = '', password = ''] = (found['credential'] ?? '')
    .split(/:(.*)/)
    .map(querystring.unescape)
  return {
    isTls: found['scheme'] === 'rediss',
    username,
    password,
    nodes: found['nodes']!.split(',').map(parseNode),
    database: Number(found['database'] || 0)
  }
}

function parseNode(text: string): RedisNode {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text)!
  return { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : undefined }
}
