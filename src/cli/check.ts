import type { Config } from '../config/load.ts'
import { explainConfig } from '../config/load.ts'
import { findMisspelt } from '../config/misspelt.ts'
import { askKey } from '../gateway/ask-key.ts'
import { clockCheck, keyChecks, worstOf } from '../gateway/checks-view.ts'
import type { CheckView } from '../gateway/schemas.ts'
import { ApiKey } from '../kernel/caller.ts'
import type { SekoiaClient } from '../sekoia/client.ts'
import { checkFeeds } from './check-feeds.ts'
import { checkStore } from './check-store.ts'
import { checkCertificate } from './check-tls.ts'
import { type Command, CommandError, type Io, toTable } from './io.ts'
import { callerOf, configOf, keyOf, openSekoia, sourcesOf } from './settings.ts'

export const check: Command = {
  summary:
    'configuration, Sekoia, key, feeds, clock, store and TLS, before or while the gateway runs',
  arguments: [],
  options: { json: { type: 'boolean' } },
  help: `  --json   as JSON
The key to check is read from SEKOIA_API_KEY or SEKOIA_API_KEY_FILE. Nothing is written anywhere.
Exit code: 0 when nothing failed, 1 when something did, 2 when the configuration is wrong.`,
  async run({ values }, io) {
    const checks = await checksOf(configOf(io), io)
    const outcome = worstOf(checks)
    if (values['json']) io.out(JSON.stringify({ outcome, checks }, null, 2))
    else io.out(toTable(checks.map(({ name, outcome, detail }) => [outcome, name, detail])))
    return outcome === 'failed' ? 1 : 0
  }
}

async function checksOf(config: Config, io: Io): Promise<CheckView[]> {
  return [
    checkOptions(io),
    ...(await checkSekoia(config, io)),
    await checkStore(config),
    ...checkCertificate(config.server.tls.certFile, Date.now())
  ]
}

function checkOptions(io: Io): CheckView {
  const set = explainConfig(sourcesOf(io)).filter(({ origin }) => !origin.endsWith('default.json'))
  const misspelt = findMisspelt(io.env).map(
    ({ name, suggestion }) => `${name} is not an option; did you mean ${suggestion}?`
  )
  const are = set.length === 1 ? 'option is' : 'options are'
  const detail = [`${set.length} ${are} set, the others are at their defaults.`, ...misspelt]
  return {
    name: 'config',
    outcome: misspelt.length > 0 ? 'warning' : 'ok',
    detail: detail.join(' ')
  }
}

async function checkSekoia(config: Config, io: Io): Promise<CheckView[]> {
  if (!config.sekoia.url) {
    const detail = 'SEKOIA_URL is not set: the gateway would serve made-up objects.'
    return [{ name: 'sekoia', outcome: 'warning', detail }]
  }
  const key = keyOf(io)
  const sekoia = openSekoia(config, io)
  try {
    const reached = await checkReached(config, sekoia)
    if (reached.outcome === 'failed') return [reached]
    const asked = key ? await checkKey(config, sekoia, key) : [noKey]
    return [reached, ...asked, clockCheck(sekoia.health().clockSkewMs)]
  } finally {
    await sekoia.close()
  }
}

const noKey: CheckView = {
  name: 'key',
  outcome: 'warning',
  detail: 'Not checked: give one in SEKOIA_API_KEY or SEKOIA_API_KEY_FILE.'
}

/** A key that cannot exist: the refusal shows that Sekoia is there. */
async function checkReached({ sekoia: { url } }: Config, sekoia: SekoiaClient): Promise<CheckView> {
  const name = 'sekoia'
  try {
    await sekoia.verifyKey(callerOf(new ApiKey('no-key')))
  } catch (error) {
    const { kind, message } = error as { kind?: string; message: string }
    if (kind !== 'unauthorized')
      return { name, outcome: 'failed', detail: `${url}: ${causeOf(error) ?? message}.` }
  }
  return { name, outcome: 'ok', detail: `${url} answers.` }
}

/** What our own client says of the failure: it holds no text of Sekoia, and no key. */
function causeOf(error: unknown): string | undefined {
  const { cause } = error as { readonly cause?: unknown }
  return cause instanceof Error ? cause.message : undefined
}

async function checkKey(config: Config, sekoia: SekoiaClient, key: ApiKey): Promise<CheckView[]> {
  const caller = callerOf(key)
  const answers = await askKey(sekoia, caller, config.sekoia.defaultFeedId)
  const checks = keyChecks(answers)
  if (answers.feeds || answers.intelligence) return checks
  try {
    return [...checks, await checkFeeds(sekoia, caller)]
  } catch (error) {
    throw new CommandError(`feeds: ${(error as Error).message}`)
  }
}
