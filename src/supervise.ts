import { fileURLToPath } from 'node:url'
import closeWithGrace, { type Signals } from 'close-with-grace'
import type { Logger } from 'pino'
import type { Config } from './config/load.ts'
import { endWithNpm, secretOf, simulatorOf, tellServing } from './startup.ts'
import { Supervisor } from './workers/supervisor.ts'

/** Several processes on one port: this one serves nothing, and keeps the others going. */
export async function supervise(config: Config, logger: Logger, count: number): Promise<void> {
  const simulator = await simulatorOf(config)
  const { secret, durable } = await secretOf(config, logger)
  const supervisor = new Supervisor({
    file: fileURLToPath(new URL('main.ts', import.meta.url)),
    count,
    simulatorUrl: simulator?.url,
    // One that no file holds would be another in each of them.
    env: durable ? {} : { ACCESS_SECRET: secret },
    closeTimeoutMs: config.server.closeTimeoutMs,
    workerTimeoutMs: config.server.workerTimeoutMs,
    logger
  })
  endWithNpm()
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
  if ('address' in started) tellServing({ config, logger }, started, simulator, count)
  else if (!supervisor.isEnding) process.exit(started.code || 1)
}
