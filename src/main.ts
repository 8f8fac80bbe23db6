import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import { loadScopeSecret } from './auth/secret.ts'
import { type Config, ConfigError, loadConfig } from './config/load.ts'
import { findMisspelt } from './config/misspelt.ts'
import { addressText, greetingOf, greetingText, nextSteps, whatToTry } from './greeting.ts'
import type { TlsOptions } from './http/server.ts'
import { createProvenClock } from './kernel/proven-clock.ts'
import { type Galaxies, loadGalaxies } from './misp/mapping/tags/galaxies.ts'
import { createLogger } from './ops/logger.ts'
import { createMeter } from './ops/metrics.ts'
import { version } from './ops/version.ts'
import { redisOf } from './redis-options.ts'
import { createSekoiaClient } from './sekoia/client.ts'
import { proxiesOf } from './sekoia/dispatcher.ts'
import { UnreadableItems } from './sekoia/unreadable-items.ts'
import { openStore } from './stores/open.ts'
import type { Tracing } from './tracing/start.ts'
import { tracedStores } from './tracing/traced.ts'

/** The process: configuration → parts → app → listening → graceful end. */

const config = readConfig()
const logger = createLogger({ level: config.log.level })
const greeting = greetingOf(version, config)
/** Under a supervisor standard output is for the log alone. */
const hasReader = process.stdout.isTTY || process.env['npm_lifecycle_event'] !== undefined
if (hasReader) console.log(greetingText(greeting))
for (const { name, suggestion } of findMisspelt(process.env))
  logger.warn(`${name} is not an option and is ignored; did you mean ${suggestion}?`)
try {
  await run(config, logger)
} catch (error) {
  logger.fatal({ err: error }, 'the gateway could not start')
  process.exit(1)
}

function readConfig(): Config {
  try {
    return loadConfig({
      directory: fileURLToPath(new URL('../config', import.meta.url)),
      env: process.env,
      readFile: path => readFileSync(path, 'utf8')
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

async function run(config: Config, logger: Logger): Promise<void> {
  // Loaded only where it is used, like Redis: memory is for pages.
  const demo = config.sekoia.url ? undefined : await import('./demo/simulator.ts')
  const simulator = await demo?.startSimulator({ ...config.demo, historyDays: 30 })
  const { secret, durable, reason } = await loadScopeSecret({
    configured: config.access.secret,
    dataDir: config.store.dataDir
  })
  if (!durable)
    logger.error({ reason }, 'no secret can be kept: what is stored ends with the process')

  const clock = createProvenClock({
    onCorrected: ms =>
      logger.warn({ ms }, "the clock of this machine is wrong: the gateway goes by Sekoia's"),
    onDisagreed: ms =>
      logger.warn({ ms }, "the clock of Redis differs from Sekoia's: the gateway goes by Sekoia's")
  })
  const meter = createMeter({ processMetrics: true })
  const tracing = await tracingOf(logger)
  const opened = await openStore({
    redis: redisOf(config),
    dataDir: config.store.dataDir,
    bodyMaxBytes: config.store.bodyMaxBytes,
    memoryMaxBytes: config.cache.maxBytes,
    clock,
    onTime: evidence => clock.observe(evidence, 'store'),
    logger
  })
  const stores = tracing ? tracedStores(opened, tracing.tracer) : opened
  const app = await buildApp({
    config,
    logger,
    meter,
    clock,
    secret: Buffer.from(secret),
    store: stores.log,
    documents: stores.documents,
    answers: stores.answers,
    upstream: createSekoiaClient({
      ...config.upstream,
      baseUrl: simulator?.url ?? config.sekoia.url,
      proxies: simulator ? undefined : proxiesOf(process.env),
      ca: config.sekoia.caFile ? readFileSync(config.sekoia.caFile) : undefined,
      repair: config.stix.repair === 'on',
      onTime: evidence => clock.observe(evidence),
      clock,
      meter,
      stopwatch: meter,
      logger,
      unreadable: new UnreadableItems({
        documents: stores.documents,
        clock,
        meter,
        logger
      })
    }),
    galaxies: await galaxiesOf(config, logger),
    tracing,
    ...tlsOf(config)
  })

  const { host, port } = config.ops
  const opsAddress = await app.ops?.listen({ host: host || config.server.host, port })
  const address = await app.server.listen({ host: config.server.host, port: config.server.port })
  app.setPhase('serving')
  logger.info({ ...greeting, address, ops: opsAddress }, 'the gateway serves')
  if (hasReader) console.log(addressText(address, opsAddress))
  if (simulator) console.log(whatToTry(address, config, simulator))
  else if (hasReader) console.log(nextSteps(address, config, opsAddress))

  if (process.env['npm_lifecycle_event']) endWithParent()
  closeWithGrace({ delay: config.server.closeTimeoutMs, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'unforeseen: the gateway ends')
    app.setPhase('closing')
    await app.server.close()
    await tracing?.close()
    await simulator?.close()
  })
}

/** Traces where the variables of OpenTelemetry name a collector; nothing of OpenTelemetry is loaded without. */
async function tracingOf(logger: Logger): Promise<Tracing | undefined> {
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: all,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own,
    OTEL_SDK_DISABLED: isOff
  } = process.env
  if (!(all || own) || isOff === 'true') return undefined
  const { startTracing } = await import('./tracing/start.ts')
  return startTracing({
    version,
    onTrouble: isInTrouble =>
      isInTrouble
        ? logger.warn('the collector of traces does not take them: they are lost for now')
        : logger.info('the collector of traces takes them again')
  })
}

/** The shell that npm puts in between does not pass signals on: once it has gone, that is the signal. */
function endWithParent(): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 500)
  watch.unref()
}

/** Without the galaxies tags are in Sekoia's own words: no reason not to serve. */
async function galaxiesOf({ misp }: Config, logger: Logger): Promise<Galaxies | undefined> {
  if (!misp.galaxiesDir) return undefined
  try {
    const galaxies = await loadGalaxies(misp.galaxiesDir)
    for (const err of galaxies.problems) logger.error({ err }, 'a galaxy of MISP is left out')
    return galaxies
  } catch (err) {
    logger.error({ err }, 'the galaxies of MISP are left out')
    return undefined
  }
}

function tlsOf({ server: { tls } }: Config): { tls?: TlsOptions } {
  if (!tls.certFile) return {}
  return {
    tls: {
      cert: readFileSync(tls.certFile),
      key: readFileSync(tls.keyFile),
      ...(tls.clientCaFile && { clientCa: readFileSync(tls.clientCaFile) })
    }
  }
}
