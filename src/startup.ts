import type { Logger } from 'pino'
import { loadScopeSecret, type ScopeSecret } from './auth/secret.ts'
import type { Config } from './config/load.ts'
import type { Simulator } from './demo/simulator.ts'
import { addressText, greetingOf, nextSteps, whatToTry } from './greeting.ts'
import { version } from './ops/version.ts'

/** What a gateway of one process, and the process in front of several workers, do alike. */

/** Whether people read standard output: under a supervisor it is for the log alone. */
export const hasReader = (): boolean =>
  process.stdout.isTTY || process.env['npm_lifecycle_event'] !== undefined

export interface Addresses {
  readonly address: string
  /** Of the operator's listener. */
  readonly ops: string | undefined
}

/** Says once that and where the gateway serves, and to people what to do next. */
export function tellServing(
  { config, logger }: { readonly config: Config; readonly logger: Logger },
  { address, ops }: Addresses,
  simulator: Simulator | undefined,
  workers?: number
): void {
  logger.info({ ...greetingOf(version, config), workers, address, ops }, 'the gateway serves')
  if (hasReader()) console.log(addressText(address, ops))
  if (simulator) console.log(whatToTry(address, config, simulator))
  else if (hasReader()) console.log(nextSteps(address, config, ops))
}

/** Loaded only where it is used, like Redis: memory is for pages. */
export async function simulatorOf(config: Config): Promise<Simulator | undefined> {
  const demo = config.sekoia.url ? undefined : await import('./demo/simulator.ts')
  return demo?.startSimulator({ ...config.demo, historyDays: 30 })
}

export async function secretOf(config: Config, logger: Logger): Promise<ScopeSecret> {
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

/** The shell that npm puts in between does not pass signals on: once it has gone, that is the signal. */
export function endWithNpm(): void {
  if (!process.env['npm_lifecycle_event']) return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 500)
  watch.unref()
}
