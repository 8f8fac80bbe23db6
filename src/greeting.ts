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
export const addressText = (address: string, ops?: string): string =>
  `  address   ${address}${ops === undefined ? '' : `\n  operator  ${ops}`}`

/** What to do next with a gateway in front of Sekoia. */
export const nextSteps = (
  address: string,
  { server, taxii, misp, pages }: Config,
  ops = address
): string => {
  const base = server.publicUrl.replace(/\/+$/, '') || address
  return `
Clients use their Sekoia API key, as password or bearer token:

${pages.enabled ? `  set-up      ${base}/  (in a browser)\n` : ''}  TAXII 2.1   ${base}/taxii2/  (API root ${base}/${taxii.apiRoot}/)
${misp.enabled ? `  MISP feed   ${base}/misp/\n` : ''}  Sekoia API  ${base}/v2/inthreat/
  health      ${ops === address ? base : ops}/readyz

Try: curl -u key:$SEKOIA_API_KEY ${base}/${taxii.apiRoot}/collections/
`
}

/** What a newcomer may try with a gateway that runs on the built-in simulator. */
export function whatToTry(
  address: string,
  { demo: { key }, pages, taxii, sekoia }: Config,
  simulator: { readonly url: string; readonly size: number }
): string {
  const root = `${address}/${taxii.apiRoot}`
  return `
DEMO: no SEKOIA_URL is set, so a simulated Sekoia with ${simulator.size} made-up objects answers (${simulator.url}).
The only key it knows is ${key}. ${pages.enabled ? `Open ${address}/ in a browser, or try` : 'Try'}:

  curl -u demo:${key} ${address}/taxii2/
  curl -u demo:${key} ${root}/collections/
  curl -u demo:${key} '${root}/collections/${sekoia.defaultFeedId}/objects/?limit=2'
  curl -u demo:${key} ${address}/misp/manifest.json

For your own feeds: SEKOIA_URL=https://api.sekoia.io npm start, and your Sekoia API key in place of ${key}.
`
}
