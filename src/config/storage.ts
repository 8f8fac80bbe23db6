import { redisUrlPattern } from '../stores/redis-url.ts'
import { day, file, flag, integer, maxMs, mebibyte, oneOf, section, text } from './notes.ts'

/** Options about the store, memory, and how feeds are followed. */

export const redis = section(
  'Redis or Valkey as the store, shared by several gateways, in place of `store`.',
  {
    url: text({
      description:
        'Where Redis (or Valkey) is: one server, some Sentinels, or some nodes of a Cluster, with commas between them. `rediss://` for TLS. Special characters in user or password are percent-encoded. Empty: `store` is used. Gateways share what is stored when `access.secret` is the same on all.',
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
        'Longest wait for Redis; after it the gateway continues without Redis, from memory and Sekoia. The journal of a feed of ten million objects is about 120 MB, read when its log is opened.',
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
        'How long a feed page that nobody reads is kept; it is fetched again when asked for. The journal is kept for ever. Set the policy of Redis to `volatile-lru`, so that it frees memory itself, or to `noeviction`.',
      default: 30 * day,
      example: 7 * day
    }),
    tls: section('TLS for connections to Redis; needs a URL that begins with `rediss://`.', {
      caFile: file({
        description: "Path of the CA of the server's certificate, PEM. Empty: the public CAs.",
        default: '',
        example: '/etc/gateway/redis-ca.crt'
      }),
      certFile: file({
        description: 'Path of the client certificate, PEM. Given together with `keyFile`.',
        default: '',
        example: '/etc/gateway/redis.crt'
      }),
      keyFile: file({
        description: 'Path of the private key, PEM.',
        default: '',
        example: '/etc/gateway/redis.key'
      })
    })
  }
)

export const store = section('The data directory, which survives a restart.', {
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

export const cache = section('Memory for answers.', {
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

export const feedLog = section('How feeds are followed.', {
  tipSeconds: integer(1, 3600, {
    description: 'How long the end of a feed counts as the end before Sekoia is asked for more.',
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
  sweepSeconds: integer(0, 365 * day, {
    description:
      'The time in which a whole feed that clients read is read again, a page now and then, for objects that appear with an old time or later than `relookSeconds`. 0: never.',
    default: day,
    example: 6 * 3600
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
      'Most object ids per feed log held in memory to hide replaced versions, at about 30 bytes each; beyond it the oldest are forgotten, and an old version of an object may come before the new one.',
    default: 10_000_000,
    example: 1_000_000
  }),
  idleDays: integer(0, 3650, {
    description:
      'Days after which what is stored for a set of `match[type]` values that nobody asks for is removed; who comes back later gets everything again. 0: never.',
    default: 90,
    example: 30
  }),
  maxOpenLogs: integer(1, 100_000, {
    description: 'Most feed logs held open; the longest unused are closed first.',
    default: 200,
    example: 1000
  })
})
