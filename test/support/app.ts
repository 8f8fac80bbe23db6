import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config/load.ts'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import type { Clock } from '../../src/kernel/ports.ts'
import { createLogger } from '../../src/ops/logger.ts'
import { createMeter, type TextMeter } from '../../src/ops/metrics.ts'
import { createSekoiaClient } from '../../src/sekoia/client.ts'
import { UnreadableItems } from '../../src/sekoia/unreadable-items.ts'
import { openStore } from '../../src/stores/open.ts'

/** The gateway as `main.ts` composes it: shipped configuration, SQLite store, in front of a simulated Sekoia. */

export interface GatewayOptions {
  /** Environment over `config/default.json`. */
  readonly env?: Readonly<Record<string, string>>
  readonly store?: { readonly dataDir: string }
  readonly secret?: Buffer
  readonly simulator?: Parameters<typeof startSimulator>[0]
  /** Default: that of the simulator, which stands still but for the gateway's own waiting. */
  readonly clock?: Clock
}

export interface Gateway {
  readonly simulator: Simulator
  readonly config: Config
  readonly meter: TextMeter
  /** Every line of the log so far, parsed. */
  readonly lines: readonly Record<string, unknown>[]
  /** The log as text. */
  logText(): string
  /** A request with the simulator's key unless headers say otherwise. */
  send(options: InjectOptions): Promise<LightMyRequestResponse>
  /** The same to the operator's own listener, without a credential of its own. */
  sendOps(options: InjectOptions): Promise<LightMyRequestResponse>
  /** Listens on a free port of the loopback interface; gives the origin. */
  listen(): Promise<string>
  /** The same of the operator's own listener. */
  listenOps(): Promise<string>
  close(): Promise<void>
}

const noon = Date.UTC(2026, 0, 15, 12)

export async function buildGateway(t: Test, options: GatewayOptions = {}): Promise<Gateway> {
  const dataDir = options.store?.dataDir ?? t.testdir()
  const config = loadConfig({
    directory: fileURLToPath(new URL('../../config', import.meta.url)),
    // The simulator and the clients of a test keep the same event loop busy: its delay is none of the gateway's.
    env: { DATA_DIR: dataDir, OVERLOAD_MAX_EVENT_LOOP_DELAY_MS: '0', ...options.env },
    readFile: path => readFileSync(path, 'utf8')
  })
  const start = options.clock ? {} : { now: noon }
  const simulator = await startSimulator({ ...start, objects: 60, ...options.simulator })
  const log: string[] = []
  const logger = createLogger({
    level: config.log.level,
    destination: { write: line => void log.push(line) }
  })
  const clock: Clock = options.clock ?? {
    now: () => simulator.clock.now(),
    async sleep(ms) {
      simulator.clock.advance(ms)
      await setImmediate()
    }
  }
  const meter = createMeter({ processMetrics: true })
  const stores = await openStore({
    ...config.store,
    memoryMaxBytes: config.cache.maxBytes,
    clock,
    logger
  })
  const app = await buildApp({
    config,
    logger,
    meter,
    clock,
    secret: options.secret ?? Buffer.alloc(32, 7),
    store: stores.log,
    documents: stores.documents,
    answers: stores.answers,
    upstream: createSekoiaClient({
      ...config.upstream,
      baseUrl: simulator.url,
      repair: config.stix.repair === 'on',
      clock,
      meter,
      stopwatch: meter,
      unreadable: new UnreadableItems({ documents: stores.documents, clock, meter, logger })
    })
  })
  app.setPhase('serving')
  const close = async () => {
    await app.server.close()
    await simulator.close()
  }
  t.teardown(close)
  return {
    simulator,
    config,
    meter,
    get lines() {
      return log.map(line => JSON.parse(line))
    },
    logText: () => log.join(''),
    send: request =>
      app.server.inject({
        ...request,
        headers: { authorization: `Bearer ${simulator.key}`, ...request.headers }
      }),
    sendOps: request => app.ops!.inject(request),
    listen: () => app.server.listen({ port: 0, host: '127.0.0.1' }),
    listenOps: () => app.ops!.listen({ port: 0, host: '127.0.0.1' }),
    close
  }
}
