import { type Static, type TSchema, Type } from 'typebox'
import { redisUrlPattern } from './stores/redis-url.ts'

/**
 * Every option there is, once: what it means, its default, its bounds and an example. The loader, its error
 * lines, `config/default.json` and `docs/configuration.md` all follow from this table.
 */

interface Note<T> {
  readonly description: string
  readonly default: T
  readonly example: T
}

interface TextNote extends Note<string> {
  /** Regular expression of the values allowed. */
  readonly pattern?: string
  /** The same in words, after «must be». */
  readonly expected?: string
  /** Never printed; can also be given as `<ENV NAME>_FILE`, the path of a file that holds it. */
  readonly secret?: true
}

const annotate = <T>({ example, ...note }: Note<T>) => ({ ...note, examples: [example] })
const text = (note: TextNote) => Type.String(annotate(note))
const flag = (note: Note<boolean>) => Type.Boolean(annotate(note))
const oneOf = <T extends string>(values: T[], note: Note<NoInfer<T>>) =>
  Type.Enum(values, annotate(note))
const integer = (minimum: number, maximum: number, note: Note<number>) =>
  Type.Integer({ ...annotate(note), minimum, maximum })
const section = <T extends Record<string, TSchema>>(description: string, options: T) =>
  Type.Object(options, { description, additionalProperties: false })

const day = 86_400
const mebibyte = 1_048_576
const maxMs = 600_000
const baseUrl = '^(https?://[^\\s/?#@]+(/[^\\s?#]*)?)?$'

const server = section('How clients reach the gateway.', {
  host: text({
    description: 'Address to listen on. `0.0.0.0` or `::` for every interface.',
    default: '127.0.0.1',
    pattern: '^\\S+$',
    expected: 'an address or a host name',
    example: '0.0.0.0'
  }),
  port: integer(0, 65_535, {
    description: 'Port to listen on; 0 lets the system choose one.',
    default: 8080,
    example: 8443
  }),
  publicUrl: text({
    description:
      'Base URL under which clients see the gateway, with its path prefix if a proxy adds one. Empty: taken from each request.',
    default: '',
    pattern: baseUrl,
    expected: 'an http:// or https:// URL without user, query and fragment',
    example: 'https://cti.example.com/sekoia'
  }),
  trustProxy: Type.Union(
    [
      Type.Boolean(),
      Type.Array(
        Type.String({ pattern: '^(loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(/[0-9]+)?)$' })
      )
    ],
    {
      ...annotate<boolean | string[]>({
        description:
          'Whose `X-Forwarded-*` headers to believe: nobody (`false`), everybody (`true`), or these addresses and networks (a list; commas in the environment).',
        default: false,
        example: ['10.0.0.0/8', '192.0.2.1']
      }),
      expected: 'true, false or a list of addresses and networks',
      list: true
    }
  ),
  requestTimeoutMs: integer(1000, maxMs, {
    description: 'Longest time for a client to send its request.',
    default: 30_000,
    example: 10_000
  }),
  keepAliveTimeoutMs: integer(1000, maxMs, {
    description:
      'How long a connection without a request stays open. Behind a proxy: longer than the proxy keeps its own.',
    default: 72_000,
    example: 30_000
  }),
  sendTimeoutMs: integer(1000, maxMs, {
    description: 'A client that takes nothing of its answer for this long is cut off.',
    default: 30_000,
    example: 60_000
  }),
  maxConnections: integer(1, 1_000_000, {
    description: 'Most connections open at a time; more are closed at once.',
    default: 2000,
    example: 10_000
  }),
  closeTimeoutMs: integer(0, maxMs, {
    description: 'On SIGTERM: longest wait for the requests under way before the process ends.',
    default: 10_000,
    example: 30_000
  }),
  tls: section('Own TLS. Leave all three empty behind a proxy that ends TLS.', {
    certFile: text({
      description: 'Path of the certificate chain, PEM. Given together with `keyFile`.',
      default: '',
      example: '/etc/gateway/tls.crt'
    }),
    keyFile: text({
      description: 'Path of the private key, PEM.',
      default: '',
      example: '/etc/gateway/tls.key'
    }),
    clientCaFile: text({
      description:
        'Path of the CA that client certificates must come from, PEM. Empty: none asked.',
      default: '',
      example: '/etc/gateway/clients.crt'
    })
  })
})

const sekoia = section('The Sekoia.io API behind the gateway.', {
  url: text({
    description:
      'Base URL of the API, for any region; with or without `/api`. Empty: the built-in simulator answers (demo).',
    default: '',
    pattern: baseUrl,
    expected: 'an http:// or https:// URL without user, query and fragment',
    example: 'https://api.sekoia.io'
  }),
  defaultFeedId: text({
    description: 'The feed offered to keys that may not list feeds.',
    default: 'd6092c37-d8d7-45c3-8aff-c4dc26030608',
    pattern: '^[A-Za-z0-9-]{1,100}$',
    expected: 'a feed id',
    example: 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
  })
})

const upstream = section('Manners and patience towards Sekoia.', {
  connectTimeoutMs: integer(100, maxMs, {
    description: 'Longest time to open a connection.',
    default: 5000,
    example: 10_000
  }),
  headersTimeoutMs: integer(100, maxMs, {
    description: 'Longest wait for the head of an answer.',
    default: 30_000,
    example: 60_000
  }),
  bodyTimeoutMs: integer(100, maxMs, {
    description: 'Longest silence within a body.',
    default: 30_000,
    example: 60_000
  }),
  totalTimeoutMs: integer(100, maxMs, {
    description: 'Longest time for one call with all its attempts.',
    default: 60_000,
    example: 120_000
  }),
  maxAttempts: integer(1, 10, {
    description: 'Most attempts of one call, the first included.',
    default: 3,
    example: 5
  }),
  backoffMs: integer(1, 60_000, {
    description: 'Mean pause before the second attempt; it doubles from there, with jitter.',
    default: 200,
    example: 500
  }),
  maxInFlightPerKey: integer(1, 100, {
    description: 'Most calls at a time with one key; more wait their turn.',
    default: 4,
    example: 2
  }),
  breakerFailures: integer(1, 1000, {
    description: 'Failures in a row after which Sekoia is left alone for a while.',
    default: 5,
    example: 10
  }),
  breakerResetMs: integer(100, maxMs, {
    description: 'How long Sekoia is left alone before it is tried again.',
    default: 10_000,
    example: 30_000
  }),
  maxBodyBytes: integer(mebibyte, 1024 * mebibyte, {
    description: 'Largest answer accepted, after decompression.',
    default: 64 * mebibyte,
    example: 128 * mebibyte
  })
})

const redis = section('A store that replicas share, in place of `store`.', {
  url: text({
    description:
      'Where Redis (or Valkey) is: one server, some Sentinels, or some nodes of a Cluster, with commas between them. `rediss://` for TLS. What is special in a user or password is percent-encoded. Empty: `store` is used. Replicas share what is stored when `access.secret` is the same on all.',
    default: '',
    pattern: `^$|${redisUrlPattern}`,
    expected: 'redis://[user:password@]host[:port][,host[:port]…][/database], or rediss://',
    secret: true,
    example: 'rediss://gateway:password@redis.example.com:6380'
  }),
  mode: oneOf(['single', 'sentinel', 'cluster'], {
    description:
      'What `url` names: a server, Sentinels (port 26379 if none is given), or a Cluster.',
    default: 'single',
    example: 'cluster'
  }),
  username: text({
    description: 'ACL user, if `url` has none. Empty: the default user.',
    default: '',
    example: 'gateway'
  }),
  password: text({
    description: 'Password of the user, if `url` has none.',
    default: '',
    secret: true,
    example: 'a long random password'
  }),
  sentinelName: text({
    description: 'What the Sentinels call the master.',
    default: 'mymaster',
    pattern: '^\\S+$',
    expected: 'text without spaces',
    example: 'gateway'
  }),
  sentinelPassword: text({
    description: 'Password of the Sentinels themselves. Empty: they ask for none.',
    default: '',
    secret: true,
    example: 'a long random password'
  }),
  timeoutMs: integer(50, 60_000, {
    description:
      'Longest wait for Redis; after it the gateway goes on without, from memory and Sekoia. The journal of a feed of ten million objects is about 80 MB, read when its log is opened.',
    default: 2000,
    example: 5000
  }),
  keyPrefix: text({
    description: 'What the names of all keys begin with.',
    default: 'sekoia-feed-gateway:',
    pattern: '^[^{}\\s]{0,100}$',
    expected: 'at most 100 characters, no braces and no spaces',
    example: 'cti:'
  }),
  bodySeconds: integer(60, 3650 * day, {
    description:
      'How long a feed page is kept that nobody reads; it is fetched again when asked for. The journal is kept for ever. Give Redis the policy `volatile-lru`, so that it makes room by itself, or `noeviction`.',
    default: 30 * day,
    example: 7 * day
  }),
  tls: section('TLS towards Redis, beside a URL that begins with `rediss://`.', {
    caFile: text({
      description: "Path of the CA of the server's certificate, PEM. Empty: the public CAs.",
      default: '',
      example: '/etc/gateway/redis-ca.crt'
    }),
    certFile: text({
      description: 'Path of the client certificate, PEM. Given together with `keyFile`.',
      default: '',
      example: '/etc/gateway/redis.crt'
    }),
    keyFile: text({
      description: 'Path of the private key, PEM.',
      default: '',
      example: '/etc/gateway/redis.key'
    })
  })
})

const store = section('What survives a restart.', {
  dataDir: text({
    description:
      'Directory for the feed logs and the generated secret; made when it is not there. When it cannot be used the gateway serves from memory and `/readyz` says so.',
    default: './data',
    pattern: '\\S',
    expected: 'the path of a directory',
    example: '/data'
  }),
  bodyMaxBytes: integer(mebibyte, 2 ** 50, {
    description:
      'Most bytes of feed pages kept on disk; the oldest go first and are fetched again when asked for. The journal comes on top and is small.',
    default: 4096 * mebibyte,
    example: 1024 * mebibyte
  })
})

const cache = section('What is held in memory.', {
  maxBytes: integer(mebibyte, 2 ** 40, {
    description: 'Most bytes of feed pages held in memory, ready to be sent.',
    default: 128 * mebibyte,
    example: 512 * mebibyte
  }),
  compressedMaxBytes: integer(0, 2 ** 40, {
    description: 'Most bytes of answers held in compressed form, beside `maxBytes`.',
    default: 16 * mebibyte,
    example: 128 * mebibyte
  })
})

const overload = section(
  'When to refuse work with 503. Requests that carry `next` are never refused: they wait.',
  {
    maxActiveRequests: integer(1, 100_000, {
      description:
        'Most requests for objects, manifests and versions at a time, from their start until the answer is out. Times `taxii.maxBytes`, this is the most memory that answers take.',
      default: 100,
      example: 400
    }),
    maxQueuedRequests: integer(0, 1_000_000, {
      description: 'Most of them that wait for others to be done.',
      default: 1000,
      example: 100
    }),
    maxEventLoopDelayMs: integer(0, 60_000, {
      description:
        'Mean delay of the event loop from which on the process counts as overloaded. 0: never.',
      default: 1000,
      example: 500
    })
  }
)

const feedLog = section('How feeds are followed.', {
  tipSeconds: integer(1, 3600, {
    description: 'How long the end of a feed is believed before Sekoia is asked for more.',
    default: 10,
    example: 60
  }),
  tipWaitMs: integer(100, maxMs, {
    description:
      'At the end of a feed: longest wait for Sekoia before the end is answered as it was last known.',
    default: 5000,
    example: 2000
  }),
  relookSeconds: integer(0, day, {
    description: 'How far back the end of a feed is read again, for objects that appear late.',
    default: 300,
    example: 900
  }),
  rebuildHorizonSeconds: integer(0, 365 * day, {
    description:
      'After the store was lost: how much further back clients are served again, so that none misses an object. At least `relookSeconds`.',
    default: day,
    example: 7 * day
  }),
  pageLimit: integer(1, 2000, {
    description: 'Objects asked from Sekoia at a time.',
    default: 2000,
    example: 500
  }),
  readBudgetMs: integer(100, maxMs, {
    description:
      'Longest work for one request before what was found so far is answered, with `next`.',
    default: 20_000,
    example: 10_000
  }),
  assumeTies: flag({
    description:
      'Check the end of every full page for objects of the same time, one more call per page. `false`: only once a feed has shown such objects.',
    default: false,
    example: true
  }),
  maxIndexedIds: integer(1000, 1_000_000_000, {
    description:
      'Most object ids per feed log held in memory to hide replaced versions, at about 20 bytes each; beyond it the oldest are forgotten and an old version may be repeated before the new one.',
    default: 10_000_000,
    example: 1_000_000
  }),
  maxOpenLogs: integer(1, 100_000, {
    description: 'Most feed logs held open; the longest unused are closed first.',
    default: 200,
    example: 1000
  })
})

const access = section('How long an answer of Sekoia about a key is believed.', {
  rightsSeconds: integer(1, day, {
    description:
      'Longest time for which a key keeps access to a feed after Sekoia last accepted it.',
    default: 300,
    example: 60
  }),
  refusedSeconds: integer(0, 3600, {
    description: 'How long a refused key is refused without asking Sekoia again.',
    default: 10,
    example: 30
  }),
  collectionsSeconds: integer(0, day, {
    description: 'How long the list of feeds of a key is believed.',
    default: 60,
    example: 300
  }),
  secret: text({
    description:
      'Secret that turns keys into the names of what is stored for them; the same on every replica, at least 32 characters. Empty: read from `<dataDir>/secret`, made there at the first start.',
    default: '',
    pattern: '^(.{32,})?$',
    expected: 'text of at least 32 characters',
    secret: true,
    example: 'the output of: openssl rand -hex 32'
  })
})

const auth = section('Where a client may put its Sekoia API key, beside `Authorization`.', {
  apiKeyHeader: text({
    description: 'Header that may carry the key. Empty: none.',
    default: 'X-API-Key',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$",
    expected: 'the name of a header',
    example: 'X-Auth-Token'
  }),
  queryParameter: text({
    description:
      'Query parameter that may carry the key; such keys end up in the logs of proxies. Empty: none.',
    default: '',
    pattern: '^[A-Za-z0-9_.-]*$',
    expected: 'the name of a query parameter',
    example: 'api_key'
  })
})

const taxii = section('TAXII 2.1.', {
  mode: oneOf(['field', 'strict'], {
    description:
      'Where the standard and the clients in the field disagree: follow the clients (`field`) or the letter (`strict`). docs/taxii.md has the table.',
    default: 'field',
    example: 'strict'
  }),
  apiRoot: text({
    description: 'Path segment of the API root, beside `/taxii2/`.',
    default: 'sekoia',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    expected: 'one path segment of letters, digits, `_` and `-`',
    example: 'cti'
  }),
  title: text({
    description: 'Title in the discovery answer and of the API root.',
    default: 'Sekoia.io CTI feeds',
    pattern: '\\S',
    expected: 'a title',
    example: 'Threat intelligence'
  }),
  description: text({
    description: 'Description in the discovery answer. Empty: left out.',
    default: 'Sekoia.io Intelligence Center feeds over TAXII 2.1',
    example: 'Feeds for the SOC'
  }),
  contact: text({
    description: 'Contact in the discovery answer. Empty: left out.',
    default: '',
    example: 'soc@example.com'
  }),
  defaultLimit: integer(1, 100_000, {
    description: 'Objects in an answer when the request has no `limit`. At most `maxLimit`.',
    default: 1000,
    example: 500
  }),
  maxLimit: integer(1, 100_000, {
    description: 'Most objects in an answer, whatever `limit` asks for.',
    default: 10_000,
    example: 2000
  }),
  maxBytes: integer(1024, 1024 * mebibyte, {
    description: 'Most bytes of objects in an answer; one object is sent whatever its size.',
    default: 16 * mebibyte,
    example: 8 * mebibyte
  }),
  tipToken: flag({
    description:
      'Send `next` also with the last page, for clients that keep it to go on from there.',
    default: false,
    example: true
  })
})

const stix = section('STIX objects.', {
  repair: oneOf(['on', 'off'], {
    description:
      'Repair invalid objects by named rules (`on`), or serve them as they come (`off`). Valid ones are never touched.',
    default: 'on',
    example: 'off'
  })
})

const log = section('The log: JSON lines on standard output.', {
  level: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'Least important lines to write.',
    default: 'info',
    example: 'debug'
  })
})

const metrics = section('Prometheus metrics.', {
  enabled: flag({
    description: 'Serve `/metrics`. It holds no key and no name derived from one.',
    default: true,
    example: false
  })
})

const demo = section('The built-in simulator, used when `sekoia.url` is empty.', {
  objects: integer(1, 100_000_000, {
    description: 'STIX objects in its feed.',
    default: 20_000,
    example: 1_000_000
  }),
  seed: integer(0, 4_294_967_295, {
    description: 'The same seed gives the same objects.',
    default: 1,
    example: 42
  }),
  key: text({
    description: 'The API key that it accepts. Not a secret.',
    default: 'demo-key',
    pattern: '^\\S+$',
    expected: 'text without spaces',
    example: 'demo-key'
  })
})

export const configSchema = section('sekoia-feed-gateway', {
  server,
  sekoia,
  upstream,
  redis,
  store,
  cache,
  overload,
  feedLog,
  access,
  auth,
  taxii,
  stix,
  log,
  metrics,
  demo
})

/** The whole configuration: complete, checked and frozen. */
export type Config = Static<typeof configSchema>
