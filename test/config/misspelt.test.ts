import t from 'tap'
import { findMisspelt } from '../../src/config/misspelt.ts'
import { configOptions } from '../../src/config/options.ts'

const told = (...names: string[]) =>
  findMisspelt(Object.fromEntries(names.map(name => [name, 'x']))).map(
    ({ name, suggestion }) => `${name} → ${suggestion}`
  )

t.test('a variable a slip away from an option is told, with the option', async t => {
  t.strictSame(told('SEKIOA_URL', 'TAXI_MODE', 'FEED_LOG_TIP_SECOND', 'PUBLIC_URI', 'DATADIR'), [
    'SEKIOA_URL → SEKOIA_URL',
    'TAXI_MODE → TAXII_MODE',
    'FEED_LOG_TIP_SECOND → FEED_LOG_TIP_SECONDS',
    'PUBLIC_URI → PUBLIC_URL',
    'DATADIR → DATA_DIR'
  ])
})

t.test('a variable that begins like a section is told, whatever follows', async t => {
  t.match(told('SEKOIA_TOKEN')[0], /^SEKOIA_TOKEN → SEKOIA_/)
  t.match(told('SERVER_TLS_CERTIFICATE')[0], /→ SERVER_TLS_CERT_FILE$/)
})

t.test('options, secrets by file and variables of others are not told', async t => {
  const secrets = configOptions.filter(({ schema }) => schema.secret)
  t.strictSame(told(...configOptions.map(({ envName }) => envName)), [])
  t.strictSame(told(...secrets.map(({ envName }) => `${envName}_FILE`)), [])
  t.strictSame(
    told('PATH', 'HOME', 'NODE_ENV', 'LANG', 'HOSTNAME', 'CONFIG_FILE', 'npm_config_cache', 'PWD'),
    []
  )
  t.strictSame(
    told('REDIS_SERVICE_HOST', 'REDIS_SERVICE_PORT', 'REDIS_PORT', 'REDIS_PORT_6379_TCP_ADDR'),
    [],
    'what an orchestrator sets for a service named redis'
  )
})
