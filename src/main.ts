import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Config, ConfigError, loadConfig } from './config/load.ts'
import { findMisspelt } from './config/misspelt.ts'
import { greetingOf, greetingText } from './greeting.ts'
import { createLogger } from './ops/logger.ts'
import { version } from './ops/version.ts'
import { hasReader } from './startup.ts'
import { dividedAmong, workersOf } from './workers/divided.ts'
import { linkToSupervisor } from './workers/link.ts'

/**
 * The process: configuration → which kind of process it is. What a kind needs is loaded once that is known: the one in
 * front of workers needs little.
 */

const config = readConfig()
const link = linkToSupervisor(process)
const logger = link
  ? createLogger({ level: config.log.level, isSharedOutput: true }).child({ worker: link.seat.no })
  : createLogger({ level: config.log.level })
if (!link && hasReader()) console.log(greetingText(greetingOf(version, config)))
if (!link)
  for (const { name, suggestion } of findMisspelt(process.env))
    logger.warn(`${name} is not an option and is ignored; did you mean ${suggestion}?`)
try {
  const count = workersOf(config)
  if (!link && count > 1) {
    const { supervise } = await import('./supervise.ts')
    await supervise(config, logger, count)
  } else {
    const { serve } = await import('./serve.ts')
    if (link) await serve(dividedAmong(link.seat.of, config), logger, link)
    else await serve(config, logger)
  }
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
