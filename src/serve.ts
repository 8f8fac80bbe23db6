import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace, { type Signals } from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from './app.ts'
import type { Config } from './config/load.ts'
import type { TlsOptions } from './http/server.ts'
import { createProvenClock } from './kernel/proven-clock.ts'
import { MakerThread } from './misp/build/maker.ts'
import { type Galaxies, loadGalaxies } from './misp/mapping/tags/galaxies.ts'
import { createMeter } from './ops/metrics.ts'
import { version } from './ops/version.ts'
import { redisOf } from './redis-options.ts'
import { createSekoiaClient } from './sekoia/client.ts'
import { proxiesOf } from './sekoia/dispatcher.ts'
import { UnreadableItems } from './sekoia/unreadable-items.ts'
import { endWithNpm, secretOf, simulatorOf, tellServing } from './startup.ts'
import { openStore } from './stores/open.ts'
import type { Tracing } from './tracing/start.ts'
import { tracedStores } from './tracing/traced.ts'
import { type Link, lingerMs } from './workers/link.ts'

/** A process that serves: parts → app → listening → graceful end. */

/** Those that a terminal or a service manager sends to all processes of the gateway at once. */
const signalsOfGroup: Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** @param link in a worker: its supervisor has started what is one for all, and tells what people read */
export async function serve(config: Config, logger: Logger, link?: Link): Promise<void> {
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
  // For the threads to come.
  flushCompileCache()
  if (link) {
    logger.info({ pid: process.pid }, 'a worker serves')
    link.serving({ address, ops: opsAddress, isShared })
  } else tellServing({ config, logger }, { address, ops: opsAddress }, simulator)

  if (!link) endWithNpm()
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
  let isClosing = false
  link?.onEnd(async isReplaced => {
    if (isReplaced) {
      app.server.endKeepAlive()
      await sleep(lingerMs(config.server))
    }
    if (!isClosing) close()
    isClosing = true
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
