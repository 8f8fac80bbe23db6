import { readFileSync } from 'node:fs'
import t from 'tap'
import { Value } from 'typebox/value'
import { configurationDocs } from '../../src/config/docs.ts'
import { ConfigError, loadConfig } from '../../src/config/load.ts'
import { configOptions } from '../../src/config/options.ts'
import { configSchema } from '../../src/config/schema.ts'

const repository = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const defaults = Value.Create(configSchema)
const secret = 'correct-horse-battery-staple-0123456789'

interface Given {
  env?: Record<string, string>
  /** Other files than default.json, by path: their text, or a value to put there as JSON. */
  files?: Record<string, unknown>
}

const load = ({ env = {}, files = {} }: Given = {}) => {
  const all: Record<string, unknown> = { 'config/default.json': defaults, ...files }
  const readFile = (path: string) => {
    const content = all[path]
    if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return typeof content === 'string' ? content : JSON.stringify(content)
  }
  return loadConfig({ directory: 'config', env, readFile })
}

t.test('config/default.json holds every option with the default of the schema', async t => {
  t.strictSame(JSON.parse(repository('config/default.json')), defaults)
})

t.test('docs/configuration.md is what `npm run docs:configuration` makes', async t => {
  t.equal(repository('docs/configuration.md'), configurationDocs())
})

t.test('the shipped defaults load, and are frozen at every depth', async t => {
  const config = loadConfig({ directory: 'config', env: {}, readFile: repository })
  t.strictSame(config, defaults)
  t.ok(
    Object.isFrozen(config) && Object.isFrozen(config.taxii) && Object.isFrozen(config.server.tls)
  )
})

t.test('every option has a description, and a default and an example it accepts', async t => {
  for (const { name, schema } of configOptions) {
    t.ok(schema.description, name)
    t.ok(Value.Check(schema, schema.default), `${name}: default`)
    t.ok(Value.Check(schema, schema.examples[0]), `${name}: example`)
  }
})

t.test('every option has its own name in the environment', async t => {
  const names = configOptions.map(({ envName }) => envName)
  t.equal(new Set(names).size, names.length)
  const byName = Object.fromEntries(configOptions.map(({ name, envName }) => [name, envName]))
  t.match(byName, {
    'server.host': 'HOST',
    'server.port': 'PORT',
    'server.publicUrl': 'PUBLIC_URL',
    'store.dataDir': 'DATA_DIR',
    'sekoia.url': 'SEKOIA_URL',
    'redis.url': 'REDIS_URL',
    'log.level': 'LOG_LEVEL',
    'taxii.mode': 'TAXII_MODE',
    'upstream.totalTimeoutMs': 'UPSTREAM_TOTAL_TIMEOUT_MS',
    'server.tls.clientCaFile': 'SERVER_TLS_CLIENT_CA_FILE',
    'feedLog.maxOpenLogs': 'FEED_LOG_MAX_OPEN_LOGS'
  })
})

t.test('default.json < profile < CONFIG_FILE < environment, option by option', async t => {
  const files = {
    'config/soc.json': { taxii: { title: 'profile', contact: 'profile', description: 'profile' } },
    '/etc/gateway.json': { taxii: { contact: 'file', description: 'file' } }
  }
  const env = {
    CONFIG_PROFILE: 'soc',
    CONFIG_FILE: '/etc/gateway.json',
    TAXII_DESCRIPTION: 'environment'
  }
  t.strictSame(load({ env, files }).taxii, {
    ...defaults.taxii,
    title: 'profile',
    contact: 'file',
    description: 'environment'
  })
})

t.test('the environment: text, numbers, booleans, lists; an empty variable is not set', async t => {
  const config = load({
    env: {
      PORT: '0',
      SERVER_TRUST_PROXY: '10.0.0.0/8, ::1',
      METRICS_ENABLED: 'false',
      TAXII_TIP_TOKEN: 'true',
      SEKOIA_URL: 'https://api.example.com/api/',
      LOG_LEVEL: ''
    }
  })
  t.equal(config.server.port, 0)
  t.strictSame(config.server.trustProxy, ['10.0.0.0/8', '::1'])
  t.equal(config.metrics.enabled, false)
  t.equal(config.taxii.tipToken, true)
  t.equal(config.sekoia.url, 'https://api.example.com/api/')
  t.equal(config.log.level, 'info')
  t.equal(load({ env: { SERVER_TRUST_PROXY: 'true' } }).server.trustProxy, true)
})

t.test('*_FILE gives a secret by the path of a file, without the newline at its end', async t => {
  const env = { ACCESS_SECRET_FILE: '/run/secrets/gateway' }
  const files = { '/run/secrets/gateway': `${secret}\n` }
  t.equal(load({ env, files }).access.secret, secret)
})

t.test('Redis: one server, Sentinels or a Cluster; password by a file', async t => {
  const env = {
    REDIS_URL: 'rediss://a.example.com,b.example.com:6380',
    REDIS_MODE: 'cluster',
    REDIS_USERNAME: 'gateway',
    REDIS_PASSWORD_FILE: '/run/secrets/redis'
  }
  const config = load({ env, files: { '/run/secrets/redis': `${secret}\n` } })
  t.strictSame(config.redis, {
    ...defaults.redis,
    url: env.REDIS_URL,
    mode: 'cluster',
    username: 'gateway',
    password: secret
  })
  const sentinels = { REDIS_URL: 'redis://a,b,c/2', REDIS_MODE: 'sentinel' }
  t.equal(load({ env: sentinels }).redis.sentinelName, 'mymaster')
})

const mistakes: readonly (Given & { title: string; message: string })[] = [
  {
    title: 'a number that is none',
    env: { PORT: 'http' },
    message:
      'server.port (PORT) must be a whole number from 0 to 65535, not "http"; for example 8443'
  },
  {
    title: 'a number out of bounds',
    env: { FEED_LOG_PAGE_LIMIT: '2001' },
    message:
      'feedLog.pageLimit (FEED_LOG_PAGE_LIMIT) must be a whole number from 1 to 2000, not 2001; for example 500'
  },
  {
    title: 'a fraction',
    files: { '/etc/g.json': { cache: { maxBytes: 2e6 + 0.5 } } },
    env: { CONFIG_FILE: '/etc/g.json' },
    message:
      'cache.maxBytes (CACHE_MAX_BYTES) must be a whole number from 1048576 to 1099511627776, not 2000000.5; for example 536870912'
  },
  {
    title: 'a word that is not one of those there are',
    env: { TAXII_MODE: 'lax' },
    message: 'taxii.mode (TAXII_MODE) must be one of field, strict, not "lax"; for example "strict"'
  },
  {
    title: 'a boolean that is none',
    env: { METRICS_ENABLED: 'yes' },
    message: 'metrics.enabled (METRICS_ENABLED) must be true or false, not "yes"; for example false'
  },
  {
    title: 'a list with a wrong member',
    env: { SERVER_TRUST_PROXY: '10.0.0.0/8,proxy' },
    message:
      'server.trustProxy (SERVER_TRUST_PROXY) must be true, false or a list of addresses and networks, not ["10.0.0.0/8","proxy"]; for example ["10.0.0.0/8","192.0.2.1"]'
  },
  {
    title: 'a URL without a scheme, on more than one line',
    env: { SEKOIA_URL: 'api.example.com\n' },
    message:
      'sekoia.url (SEKOIA_URL) must be an http:// or https:// URL without user, query and fragment, not "api.example.com\\n"; for example "https://api.sekoia.io"'
  },
  {
    title: 'a URL of Sekoia that holds a password',
    env: { SEKOIA_URL: `https://user:${secret.repeat(3)}@${secret}@api.sekoia.io/` },
    message:
      'sekoia.url (SEKOIA_URL) must be an http:// or https:// URL without user, query and fragment, not "https://[hidden]@api.sekoia.io/"; for example "https://api.sekoia.io"'
  },
  {
    title: 'a URL of Sekoia that holds a key',
    env: { SEKOIA_URL: `https://api.sekoia.io/?key=${secret}` },
    message:
      'sekoia.url (SEKOIA_URL) must be an http:// or https:// URL without user, query and fragment, not "https://api.sekoia.io/?[hidden]"; for example "https://api.sekoia.io"'
  },
  {
    title: 'a default feed that cannot be one',
    env: { SEKOIA_DEFAULT_FEED_ID: 'xyz' },
    message:
      'sekoia.defaultFeedId (SEKOIA_DEFAULT_FEED_ID) must be a feed\'s id, a UUID in lower case, not "xyz"; for example "d6092c37-d8d7-45c3-8aff-c4dc26030608"'
  },
  {
    title: 'a very long value',
    env: { TAXII_API_ROOT: 'a'.repeat(1000) },
    message: `taxii.apiRoot (TAXII_API_ROOT) must be one path segment of letters, digits, \`_\` and \`-\`, not "${'a'.repeat(79)}…; for example "cti"`
  },
  {
    title: 'an API root with a dot',
    env: { TAXII_API_ROOT: 'cti.v1' },
    message:
      'taxii.apiRoot (TAXII_API_ROOT) must be one path segment of letters, digits, `_` and `-`, not "cti.v1"; for example "cti"'
  },
  {
    title: 'an API root that is another path of the gateway',
    env: { TAXII_API_ROOT: 'taxii2' },
    message:
      'taxii.apiRoot (TAXII_API_ROOT) must be none of taxii2, misp, api, v1, v2, gateway, livez, readyz, metrics, not "taxii2"; for example "cti"'
  },
  {
    title: 'a default limit above the maximum',
    env: { TAXII_MAX_LIMIT: '500' },
    message:
      'taxii.defaultLimit (TAXII_DEFAULT_LIMIT) must be at most taxii.maxLimit (TAXII_MAX_LIMIT), not 1000; for example 500'
  },
  {
    title: 'metrics for the operator alone, who has no token',
    env: { METRICS_OPERATOR_ONLY: 'true' },
    message:
      'operator.token (OPERATOR_TOKEN) must be given when metrics.operatorOnly (METRICS_OPERATOR_ONLY) is true, not what is given; for example "a-long-random-text-of-your-own"'
  },
  {
    title: 'an operator token that can be guessed',
    env: { OPERATOR_TOKEN: 'short' },
    message:
      'operator.token (OPERATOR_TOKEN) must be at least 16 visible characters without spaces, not what is given; for example "a-long-random-text-of-your-own"'
  },
  {
    title: 'one port for both listeners',
    env: { OPS_PORT: '8080' },
    message: 'ops.port (OPS_PORT) must differ from server.port (PORT), not 8080; for example 9090'
  },
  {
    title: 'a rebuild horizon shorter than the look back',
    env: { FEED_LOG_REBUILD_HORIZON_SECONDS: '299' },
    message:
      'feedLog.rebuildHorizonSeconds (FEED_LOG_REBUILD_HORIZON_SECONDS) must be at least feedLog.relookSeconds (FEED_LOG_RELOOK_SECONDS), not 299; for example 604800'
  },
  {
    title: 'a certificate without its key',
    env: { SERVER_TLS_CERT_FILE: '/etc/tls.crt' },
    message:
      'server.tls.keyFile (SERVER_TLS_KEY_FILE) must be given together with server.tls.certFile (SERVER_TLS_CERT_FILE), not ""; for example "/etc/gateway/tls.key"'
  },
  {
    title: 'a certificate that cannot be read',
    env: { SERVER_TLS_CERT_FILE: '/etc/tls.crt', SERVER_TLS_KEY_FILE: '/etc/tls.key' },
    message:
      'server.tls.certFile (SERVER_TLS_CERT_FILE): "/etc/tls.crt" cannot be read (ENOENT); give the path of a readable file, for example /etc/gateway/file'
  },
  {
    title: 'a client CA without own TLS',
    env: { SERVER_TLS_CLIENT_CA_FILE: '/etc/ca.crt' },
    message:
      'server.tls.certFile (SERVER_TLS_CERT_FILE) must be given when server.tls.clientCaFile is, not ""; for example "/etc/gateway/tls.crt"'
  },
  {
    title: 'a URL of Redis that is none, and may hold a password',
    env: { REDIS_URL: `https://:${secret}@redis` },
    message:
      'redis.url (REDIS_URL) must be redis://[user:password@]host[:port][,host[:port]…][/database], or rediss://, not what is given; for example "rediss://gateway:password@redis.example.com:6380"'
  },
  {
    title: 'several servers of Redis that are neither Sentinels nor a Cluster',
    env: { REDIS_URL: `redis://:${secret}@a,b` },
    message:
      'redis.url (REDIS_URL) must name one server unless redis.mode (REDIS_MODE) is sentinel or cluster, not what is given; for example "rediss://gateway:password@redis.example.com:6380"'
  },
  {
    title: 'a database of a Redis Cluster',
    env: { REDIS_URL: 'redis://a,b/1', REDIS_MODE: 'cluster' },
    message:
      'redis.url (REDIS_URL) must name no database when redis.mode (REDIS_MODE) is cluster, not what is given; for example "rediss://gateway:password@redis.example.com:6380"'
  },
  {
    title: 'a CA for a Redis without TLS',
    env: { REDIS_URL: 'redis://redis', REDIS_TLS_CA_FILE: '/etc/ca.crt' },
    message:
      'redis.url (REDIS_URL) must begin with rediss:// when there are files in redis.tls, not what is given; for example "rediss://gateway:password@redis.example.com:6380"'
  },
  {
    title: 'a client certificate for Redis without its key',
    env: { REDIS_URL: 'rediss://redis', REDIS_TLS_CERT_FILE: '/etc/tls.crt' },
    message:
      'redis.tls.keyFile (REDIS_TLS_KEY_FILE) must be given together with redis.tls.certFile (REDIS_TLS_CERT_FILE), not ""; for example "/etc/gateway/redis.key"'
  },
  {
    title: 'a key prefix with a brace, which would break the hash tag',
    env: { REDIS_KEY_PREFIX: '{cti}:' },
    message:
      'redis.keyPrefix (REDIS_KEY_PREFIX) must be at most 100 characters, no braces and no spaces, not "{cti}:"; for example "cti:"'
  },
  {
    title: 'a secret that is too short',
    env: { ACCESS_SECRET: secret.slice(0, 31) },
    message:
      'access.secret (ACCESS_SECRET) must be text of at least 32 characters, not what is given; for example "the output of: openssl rand -hex 32"'
  },
  {
    title: 'a secret given twice',
    env: { ACCESS_SECRET: secret, ACCESS_SECRET_FILE: '/run/secrets/gateway' },
    message:
      'access.secret: set ACCESS_SECRET or ACCESS_SECRET_FILE, not both; for example ACCESS_SECRET_FILE=/run/secrets/gateway'
  },
  {
    title: 'the file of a secret that is not there',
    env: { ACCESS_SECRET_FILE: '/run/secrets/gone' },
    message:
      'ACCESS_SECRET_FILE: "/run/secrets/gone" cannot be read (ENOENT); give the path of a readable file, for example /etc/gateway/file'
  },
  {
    title: 'an option that there is not',
    env: { CONFIG_FILE: '/etc/g.json' },
    files: { '/etc/g.json': { taxii: { maxlimit: 5 } } },
    message: '"taxii.maxlimit" is not an option (in /etc/g.json); one is, for example, taxii.mode'
  },
  {
    title: 'a section that there is not',
    env: { CONFIG_PROFILE: 'soc' },
    files: { 'config/soc.json': '{ "__proto__": { "port": 1 } }' },
    message: '"__proto__" is not an option (in config/soc.json); one is, for example, server'
  },
  {
    title: 'a section that is no object',
    env: { CONFIG_FILE: '/etc/g.json' },
    files: { '/etc/g.json': { taxii: ['strict'] } },
    message: 'taxii must be an object (in /etc/g.json); for example {}'
  },
  {
    title: 'a file that is not JSON, and may hold a secret',
    env: { CONFIG_FILE: '/etc/g.json' },
    files: { '/etc/g.json': `{ "access": { "secret": "${secret}" }` },
    message: 'CONFIG_FILE: /etc/g.json is not valid JSON; for example {"log":{"level":"warn"}}'
  },
  {
    title: 'a profile that there is not',
    env: { CONFIG_PROFILE: 'soc' },
    message:
      'CONFIG_PROFILE names no profile: "config/soc.json" cannot be read; put it there, or give any file by CONFIG_FILE'
  },
  {
    title: 'a profile that leaves the directory',
    env: { CONFIG_PROFILE: '../etc/gateway' },
    message:
      'CONFIG_PROFILE must be the bare name of a file in config/, not "../etc/gateway"; for example production'
  },
  {
    title: 'an option that default.json lacks',
    files: { 'config/default.json': { ...defaults, log: {} } },
    message:
      'log.level (LOG_LEVEL) must be one of fatal, error, warn, info, debug, trace, silent, not absent; for example "debug"'
  }
]

for (const { title, message, ...given } of mistakes) {
  t.test(`one line says what is wrong: ${title}`, async t => {
    let error: unknown
    try {
      load(given)
    } catch (thrown) {
      error = thrown
    }
    t.type(error, ConfigError)
    const line = (error as ConfigError).message
    t.equal(line, message)
    t.notMatch(line, /\n/)
    t.notOk(line.includes(secret))
  })
}
