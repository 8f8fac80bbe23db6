import { resolve } from 'node:path'
import type { Config } from './config/load.ts'
import { parseRedisUrl } from './stores/redis-url.ts'

/** What one who starts the gateway wants to see first. Neither of these holds a secret. */
export interface Greeting {
  readonly version: string
  /** The address of Sekoia, or what stands in for it. */
  readonly upstream: string
  /** Where is kept what survives a restart. */
  readonly store: string
}

export const greetingOf = (version: string, config: Config): Greeting => ({
  version,
  upstream: config.sekoia.url || 'the built-in simulator, since SEKOIA_URL is not set',
  store: config.redis.url ? redisOf(config.redis) : `SQLite in ${resolve(config.store.dataDir)}`
})

function redisOf({ url, mode }: Config['redis']): string {
  const nodes = parseRedisUrl(url).nodes.map(({ host, port }) => (port ? `${host}:${port}` : host))
  return `Redis (${mode}) at ${nodes.join(', ')}`
}

/** As lines for a person, printed before anything is opened: they also say what a start that hangs waits for. */
export const greetingText = ({ version, upstream, store }: Greeting): string =>
  `sekoia-feed-gateway ${version}
  upstream  ${upstream}
  store     ${store}`

/** The line after them, once there is an address. */
export const addressText = (address: string): string => `  address   ${address}`

/** What to do next with a gateway in front of Sekoia. */
export const nextSteps = (address: string, { server, taxii, misp }: Config): string => {
  const base = server.publicUrl.replace(/\/+$/, '') || address
  return `
Clients use their Sekoia API key, as password or bearer token:

  TAXII 2.1   ${base}/taxii2/  (API root ${base}/${taxii.apiRoot}/)
${misp.enabled ? `  MISP feed   ${base}/misp/\n` : ''}  health      ${base}/readyz

Try: curl -u key:$SEKOIA_API_KEY ${base}/${taxii.apiRoot}/collections/
`
}
