import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import closeWithGrace, { type Signals } from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import { loadScopeSecret, type ScopeSecret } from './auth/secret.ts'
import { type Config, ConfigError, loadConfig } from './config/load.ts'
import { findMisspelt } from './config/misspelt.ts'
import type { Simulator } from './demo/simulator.ts'
import { addressText, greetingOf, greetingText, nextSteps, whatToTry } from './greeting.ts'
import type { TlsOptions } from './http/server.ts'
import { createProvenClock } from './kernel/proven-clock.ts'
import { MakerThread } from './misp/build/maker.ts'
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
import { dividedAmong, workersOf } from './workers/divided.ts'
import { type Link, linkToSupervisor } from './workers/link.ts'

/** The process: configuration → parts → app → listening → graceful end. */

/** Those that a terminal or a service manager sends to all processes of the gateway at once. */
const signalsOfGroup: Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

const config = readConfig()
const link = linkToSupervisor(process)
const logger = link
  ? createLogger({ level: config.log.level, isSharedOutput: true }).child({ worker: link.seat.no })
  : createLogger({ level: config.log.level })
const greeting = greetingOf(version, config)
/** Under a supervisor standard output is for the log alone. */
const hasReader =
  !link && (process.stdout.isTTY || process.env['npm_lifecycle_event'] !== undefined)
if (hasReader) console.log(greetingText(greeting))
if (!link)
  for (const { name, suggestion } of findMisspelt(process.env))
    logger.warn(`${name} is not an option and is ignored; did you mean ${suggestion}?`)
try {
  if (link) await run(dividedAmong(link.seat.of, config), logger, link)
  else if (workersOf(config) === 1) await run(config, logger)
  else await supervise(config, logger, workersOf(config))
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

/** @param link in a worker: its supervisor has started what is one for all, and tells what people read */
async function run(config: Config, logger: Logger, link?: Link): Promise<void> {
  const simulator = link ? undefined : await simulatorOf(config)
  const simulatorUrl = simulator?.url ?? link?.seat.simulatorUrl
  const { secret, durable } = await secretOf(config, logger)
  if (link && !durable) throw new Error('the secret of the other workers cannot be read')

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
  const isShared = config.redis.url !== '' || !(stores.log.trouble() ?? stores.documents.trouble())
  if (link && !isShared && !link.seat.mayBeAlone)
    throw new Error('the store cannot be used, and another worker serves')
  const galaxies = await galaxiesOf(config, logger)
  const app = await buildApp({
    config,
    siblings: link,
    isFirst: !link || link.seat.no === 1,
    logger,
    meter,
    clock,
    secret: Buffer.from(secret),
    store: stores.log,
    documents: stores.documents,
    answers: stores.answers,
    upstream: createSekoiaClient({
      ...config.upstream,
      baseUrl: simulatorUrl ?? config.sekoia.url,
      proxies: simulatorUrl ? undefined : proxiesOf(process.env),
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
    galaxies,
    mispThread: mispThreadOf(config, galaxies, logger),
    tracing,
    ...tlsOf(config)
  })

  const { host, port } = config.ops
  const opsAddress = await app.ops?.listen({ host: host || config.server.host, port })
  const address = await app.server.listen({ host: config.server.host, port: config.server.port })
  app.setPhase('serving')
  if (link) {
    logger.info({ pid: process.pid }, 'a worker serves')
    link.serving({ address, ops: opsAddress, isShared })
  } else tellServing(config, { address, ops: opsAddress }, simulator)

  if (!link && process.env['npm_lifecycle_event']) endWithParent()
  const skip = link ? signalsOfGroup : []
  const { close } = closeWithGrace(
    { delay: config.server.closeTimeoutMs, logger, skip },
    async ({ err }) => {
      if (err) logger.fatal({ err }, 'unforeseen: the gateway ends')
      app.setPhase('closing')
      await app.server.close()
      await tracing?.close()
      await simulator?.close()
      await link?.leave(await meter.snapshot())
    }
  )
  link?.onEnd(() => void close())
}

/** Several processes on one port: this one serves nothing, and keeps the others going. */
async function supervise(config: Config, logger: Logger, count: number): Promise<void> {
  const { Supervisor } = await import('./workers/supervisor.ts')
  const simulator = await simulatorOf(config)
  const { secret, durable } = await secretOf(config, logger)
  const supervisor = new Supervisor({
    file: fileURLToPath(import.meta.url),
    count,
    simulatorUrl: simulator?.url,
    // One that no file holds would be another in each of them.
    env: durable ? {} : { ACCESS_SECRET: secret },
    closeTimeoutMs: config.server.closeTimeoutMs,
    logger
  })
  if (process.env['npm_lifecycle_event']) endWithParent()
  const delay = config.server.closeTimeoutMs + 5000
  // A terminal that closes ends what runs in it.
  const skip: Signals[] = process.stdout.isTTY ? [] : ['SIGHUP']
  if (skip.length > 0) process.on('SIGHUP', () => void supervisor.restart())
  closeWithGrace({ delay, logger, skip }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'unforeseen: the gateway ends')
    const isWell = await supervisor.end()
    await simulator?.close()
    if (!isWell) process.exit(1)
  })
  const started = await supervisor.start()
  if ('address' in started) tellServing(config, started, simulator, count)
  else if (!supervisor.isEnding) process.exit(started.code || 1)
}

interface Addresses {
  readonly address: string
  /** Of the operator's listener. */
  readonly ops: string | undefined
}

/** Says once that and where the gateway serves, and to people what to do next. */
function tellServing(
  config: Config,
  { address, ops }: Addresses,
  simulator: Simulator | undefined,
  workers?: number
): void {
  logger.info({ ...greeting, workers, address, ops }, 'the gateway serves')
  if (hasReader) console.log(addressText(address, ops))
  if (simulator) console.log(whatToTry(address, config, simulator))
  else if (hasReader) console.log(nextSteps(address, config, ops))
}

/** Loaded only where it is used, like Redis: memory is for pages. */
async function simulatorOf(config: Config): Promise<Simulator | undefined> {
  const demo = config.sekoia.url ? undefined : await import('./demo/simulator.ts')
  return demo?.startSimulator({ ...config.demo, historyDays: 30 })
}

async function secretOf(config: Config, logger: Logger): Promise<ScopeSecret> {
  const found = await loadScopeSecret({
    configured: config.access.secret,
    dataDir: config.store.dataDir
  })
  if (!found.durable)
    logger.error(
      { reason: found.reason },
      'no secret can be kept: what is stored ends with the process'
    )
  return found
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

/** Undefined where events are to be made by the thread that answers requests. */
function mispThreadOf(
  { misp }: Config,
  galaxies: Galaxies | undefined,
  logger: Logger
): MakerThread | undefined {
  const isWanted =
    misp.buildThread === 'auto' ? availableParallelism() > 1 : misp.buildThread === 'on'
  if (!misp.enabled || !isWanted) return undefined
  const { defaultTlp, malpedia, orgcFromSource } = misp
  const mapping = { defaultTlp, malpedia, orgcFromSource }
  return new MakerThread({
    data: { mapping, galaxiesDir: galaxies ? misp.galaxiesDir : '' },
    onFailure: err =>
      logger.warn({ err }, 'the thread that makes MISP events failed: the main thread makes them')
  })
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
