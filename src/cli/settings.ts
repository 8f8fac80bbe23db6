import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Config, type ConfigSources, loadConfig } from '../config/load.ts'
import { ApiKey, type Caller, type ScopeId } from '../kernel/caller.ts'
import { systemClock } from '../kernel/ports.ts'
import { createMeter } from '../ops/metrics.ts'
import { createSekoiaClient, type SekoiaClient } from '../sekoia/client.ts'
import { proxiesOf } from '../sekoia/dispatcher.ts'
import { CommandError, type Io } from './io.ts'

/** What commands take from the environment: the configuration of the gateway, and a key to ask Sekoia with. */

export const sourcesOf = ({ env }: Io): ConfigSources => ({
  directory: fileURLToPath(new URL('../../config', import.meta.url)),
  env,
  readFile: path => readFileSync(path, 'utf8')
})

export const configOf = (io: Io): Config => loadConfig(sourcesOf(io))

/** The key of `SEKOIA_API_KEY` or its file: never an argument, which other users of the machine could see. */
export function keyOf({ env }: Io): ApiKey | undefined {
  const { SEKOIA_API_KEY: key, SEKOIA_API_KEY_FILE: file } = env
  const text = file ? readKey(file) : key
  if (text && !visible.test(text))
    throw new CommandError(
      `${file ? 'SEKOIA_API_KEY_FILE' : 'SEKOIA_API_KEY'} holds no key: a key is one word of visible ASCII characters`
    )
  return text ? new ApiKey(text) : undefined
}

/** What can travel in a header. */
const visible = /^[\x21-\x7e]+$/

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new CommandError(`SEKOIA_API_KEY_FILE: ${path} cannot be read`)
  }
}

export function demandKey(io: Io): ApiKey {
  const key = keyOf(io)
  if (!key) throw new CommandError('give a Sekoia API key in SEKOIA_API_KEY or SEKOIA_API_KEY_FILE')
  return key
}

/** The command is its own caller: nothing of it is stored, so the scope names nothing. */
export const callerOf = (key: ApiKey): Caller => ({ key, scope: 'command' as ScopeId })

/** Sekoia as the gateway reaches it. */
export function openSekoia({ upstream, sekoia, stix }: Config, io: Io): SekoiaClient {
  if (!sekoia.url) throw new CommandError('set SEKOIA_URL: without it there is only the simulator')
  return createSekoiaClient({
    ...upstream,
    baseUrl: sekoia.url,
    proxies: proxiesOf(io.env as NodeJS.ProcessEnv),
    ca: sekoia.caFile ? readFileSync(sekoia.caFile) : undefined,
    repair: stix.repair === 'on',
    clock: systemClock,
    meter: createMeter()
  })
}
