import { join } from 'node:path'
import { Check } from 'typebox/value'
import { parseRedisUrl } from '../stores/redis-url.ts'
import { type CertificateTexts, findCertificateFault } from './certificates.ts'
import {
  configOptions,
  expectation,
  isSection,
  type Option,
  type OptionSchema,
  rootSection,
  type SectionSchema
} from './options.ts'
import type { Config } from './schema.ts'

/**
 * The configuration, merged in rising precedence from `default.json`, the profile's file, the file that `CONFIG_FILE`
 * names, and the environment. Read once by the process and handed down as values.
 */

export type { Config } from './schema.ts'

/** A wrong option. The message is one line that names it, says what is wrong and gives an example. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface ConfigSources {
  /** The directory of `default.json` and of the profiles. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string
}

interface Value {
  readonly value: unknown
  /** Where it was given: `default.json`, a file, or a variable of the environment. */
  readonly origin: string
}

/** Values by option name. */
type Values = Map<string, Value>

/** Reads, checks and freezes the configuration. Throws {@link ConfigError}. */
export function loadConfig(sources: ConfigSources): Config {
  return checked(readValues(sources), sources)
}

/** An option with the value that counts. */
export interface ExplainedOption extends Value {
  readonly option: Option
}

/** Every option with its value, secrets and parts of URLs that may be one left out. Throws {@link ConfigError}. */
export function explainConfig(sources: ConfigSources): ExplainedOption[] {
  const values = readValues(sources)
  checked(values, sources)
  return configOptions.map(option => {
    const { value, origin } = values.get(option.name)!
    return { option, value: redacted(option, value), origin }
  })
}

function redacted({ schema }: Option, value: unknown): unknown {
  if (schema.secret) return value === '' ? '' : '[hidden]'
  return typeof value === 'string' ? value.replace(urlSecret, '$1[hidden]$2') : value
}

function readValues(sources: ConfigSources): Values {
  const values: Values = new Map()
  for (const file of listFiles(sources)) {
    collect({ section: rootSection, given: parseFile(file, sources), parent: '', ...file }, values)
  }
  for (const option of configOptions) {
    const given = fromEnvironment(option, sources)
    if (given !== undefined) values.set(option.name, given)
    checkValue(option, values.get(option.name)?.value)
  }
  return values
}

function checked(values: Values, sources: ConfigSources): Config {
  const config = assemble(values)
  for (const [name, isRight, expected] of crossChecks) {
    if (!isRight(config)) throw wrongValue(byName.get(name)!, values.get(name)?.value, expected)
  }
  for (const { name, envName, schema } of configOptions) {
    const path = values.get(name)?.value
    if (schema.file && path) readText(String(path), `${name} (${envName})`, sources)
  }
  checkCertificates('server.tls', config.server.tls, sources)
  checkCertificates('redis.tls', config.redis.tls, sources)
  return config
}

/** @param files the options of one section, each the path of a file or '' */
function checkCertificates(
  section: string,
  files: Readonly<Record<string, string>>,
  { readFile }: ConfigSources
): void {
  const named = Object.entries(files).filter(([, path]) => path !== '')
  const texts: CertificateTexts = Object.fromEntries(
    named.map(([member, path]) => [member, readFile(path)])
  )
  const fault = findCertificateFault(texts)
  if (!fault) return
  const name = `${section}.${fault.member}`
  throw wrongValue(byName.get(name)!, files[fault.member], fault.demand)
}

interface ConfigFile {
  readonly path: string
  /** The variable that asked for it. */
  readonly asked: string
}

function listFiles(sources: ConfigSources): ConfigFile[] {
  const { directory, env } = sources
  const files = [{ path: join(directory, 'default.json'), asked: 'default.json' }]
  const { CONFIG_PROFILE: profile, CONFIG_FILE: file } = env
  if (profile) {
    if (!/^[\w-]+$/.test(profile)) {
      throw new ConfigError(
        `CONFIG_PROFILE must be the bare name of a file in config/, not ${show(profile)}; for example production`
      )
    }
    files.push({ path: profilePath(profile, sources), asked: 'CONFIG_PROFILE' })
  }
  if (file) files.push({ path: file, asked: 'CONFIG_FILE' })
  return files
}

function profilePath(profile: string, { directory, readFile }: ConfigSources): string {
  const path = join(directory, `${profile}.json`)
  try {
    readFile(path)
    return path
  } catch {
    throw new ConfigError(
      `CONFIG_PROFILE names no profile: ${show(path)} cannot be read; put it there, or give any file by CONFIG_FILE`
    )
  }
}

function parseFile({ path, asked }: ConfigFile, sources: ConfigSources): unknown {
  const text = readText(path, asked, sources)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold a secret.
    throw new ConfigError(
      `${asked}: ${path} is not valid JSON; for example {"log":{"level":"warn"}}`
    )
  }
}

function readText(path: string, asked: string, { readFile }: ConfigSources): string {
  try {
    return readFile(path)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new ConfigError(
      `${asked}: ${show(path)} cannot be read (${code}); give the path of a readable file, for example /etc/gateway/file`
    )
  }
}

interface Given {
  readonly section: SectionSchema
  readonly given: unknown
  /** '' or the section's name and a dot. */
  readonly parent: string
  readonly path: string
}

function collect({ section, given, parent, path }: Given, values: Values): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const name = parent.slice(0, -1) || 'the configuration'
    throw new ConfigError(`${name} must be an object (in ${path}); for example {}`)
  }
  for (const [key, value] of Object.entries(given)) {
    const name = parent + key
    const schema = Object.hasOwn(section.properties, key) ? section.properties[key] : undefined
    if (!schema) {
      const example = parent + Object.keys(section.properties)[0]
      throw new ConfigError(
        `${show(name)} is not an option (in ${path}); one is, for example, ${example}`
      )
    }
    if (isSection(schema)) {
      collect({ section: schema, given: value, parent: `${name}.`, path }, values)
    } else values.set(name, { value, origin: path })
  }
}

/** The value in the environment or in the file it names; undefined when there is none. Empty is none. */
function fromEnvironment(option: Option, sources: ConfigSources): Value | undefined {
  const { envName, schema } = option
  const text = sources.env[envName]
  const path = schema.secret && sources.env[`${envName}_FILE`]
  if (text && path) {
    throw new ConfigError(
      `${option.name}: set ${envName} or ${envName}_FILE, not both; for example ${envName}_FILE=/run/secrets/gateway`
    )
  }
  if (path) {
    const origin = `${envName}_FILE`
    return { value: readText(path, origin, sources).trim(), origin }
  }
  return text ? { value: parseText(text, schema), origin: envName } : undefined
}

function parseText(text: string, { type, list, wordOrNumber }: OptionSchema): unknown {
  if (type === 'integer' || wordOrNumber) return /^-?\d+$/.test(text) ? Number(text) : text
  if ((type === 'boolean' || list) && /^(true|false)$/.test(text)) return text === 'true'
  return list ? text.split(',').map(part => part.trim()) : text
}

function checkValue(option: Option, value: unknown): void {
  if (!Check(option.schema, value)) {
    throw wrongValue(option, value, `must be ${expectation(option.schema)}`)
  }
}

const byName = new Map(configOptions.map(option => [option.name, option]))

const reservedSegments = [
  'taxii2',
  'misp',
  'api',
  'v1',
  'v2',
  'gateway',
  'livez',
  'readyz',
  'metrics'
]

/** Rules between options: the option that is named in the error, the rule, and the rule in words. */
const crossChecks: readonly (readonly [string, (config: Config) => boolean, string])[] = [
  [
    'redis.url',
    ({ redis }) =>
      redis.mode !== 'single' || !redis.url || parseRedisUrl(redis.url).nodes.length === 1,
    'must name one server unless redis.mode (REDIS_MODE) is sentinel or cluster'
  ],
  [
    'redis.url',
    ({ redis }) =>
      redis.mode !== 'cluster' || !redis.url || parseRedisUrl(redis.url).database === 0,
    'must name no database when redis.mode (REDIS_MODE) is cluster'
  ],
  [
    'redis.url',
    ({ redis: { url, tls } }) => url.startsWith('rediss:') || !(tls.caFile || tls.certFile),
    'must begin with rediss:// when there are files in redis.tls'
  ],
  [
    'redis.tls.keyFile',
    ({ redis: { tls } }) => (tls.certFile === '') === (tls.keyFile === ''),
    'must be given together with redis.tls.certFile (REDIS_TLS_CERT_FILE)'
  ],
  [
    'server.tls.keyFile',
    ({ server: { tls } }) => (tls.certFile === '') === (tls.keyFile === ''),
    'must be given together with server.tls.certFile (SERVER_TLS_CERT_FILE)'
  ],
  [
    'server.tls.certFile',
    ({ server: { tls } }) => tls.clientCaFile === '' || tls.certFile !== '',
    'must be given when server.tls.clientCaFile is'
  ],
  [
    'operator.token',
    ({ operator, metrics }) => operator.token !== '' || !metrics.operatorOnly,
    'must be given when metrics.operatorOnly (METRICS_OPERATOR_ONLY) is true'
  ],
  [
    'ops.port',
    ({ ops, server }) => ops.port === 0 || ops.port !== server.port,
    'must differ from server.port (PORT)'
  ],
  [
    'feedLog.rebuildHorizonSeconds',
    ({ feedLog }) => feedLog.rebuildHorizonSeconds >= feedLog.relookSeconds,
    'must be at least feedLog.relookSeconds (FEED_LOG_RELOOK_SECONDS)'
  ],
  [
    'taxii.apiRoot',
    ({ taxii }) => !reservedSegments.includes(taxii.apiRoot),
    `must be none of ${reservedSegments.join(', ')}`
  ],
  [
    'taxii.defaultLimit',
    ({ taxii }) => taxii.defaultLimit <= taxii.maxLimit,
    'must be at most taxii.maxLimit (TAXII_MAX_LIMIT)'
  ]
]

function wrongValue(
  { name, envName, schema }: Option,
  value: unknown,
  demand: string
): ConfigError {
  const given = schema.secret
    ? 'what is given'
    : cut(toLine(value).replace(urlSecret, '$1[hidden]$2'))
  return new ConfigError(
    `${name} (${envName}) ${demand}, not ${given}; for example ${show(schema.examples[0])}`
  )
}

/** Any value on one line of bounded length. */
const show = (value: unknown): string => cut(toLine(value))

const toLine = (value: unknown): string => JSON.stringify(value) ?? 'absent'

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

/** User and password, or the query, of a URL: they may be secret. */
const urlSecret = /(:\/\/)[^"]*(@)|(?<=:\/\/[^"]*[?#])[^"]+/g

interface Tree {
  [key: string]: unknown
}

function assemble(values: Values): Config {
  const config: Tree = {}
  for (const { path, name } of configOptions) {
    let section = config
    for (const key of path.slice(0, -1)) {
      section[key] ??= {}
      section = section[key] as Tree
    }
    section[path.at(-1)!] = values.get(name)?.value
  }
  return deepFreeze(config) as unknown as Config
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
