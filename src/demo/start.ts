import type { Config } from '../config/load.ts'
import { type Simulator, startSimulator } from './simulator.ts'

/** The built-in Sekoia of a gateway without `SEKOIA_URL`. */
export const startDemo = ({ objects, seed, key }: Config['demo']): Promise<Simulator> =>
  startSimulator({ objects, seed, key, historyDays: 30 })

/** Text for a newcomer: what to try with a gateway that runs on the simulator. */
export function whatToTry(address: string, config: Config, demo: Simulator): string {
  const root = `${address}/${config.taxii.apiRoot}`
  const { key } = config.demo
  return `
DEMO: no SEKOIA_URL is set, so a simulated Sekoia with ${demo.size} made-up objects answers (${demo.url}).
The only key it knows is ${key}. Try:

  curl -u demo:${key} ${address}/taxii2/
  curl -u demo:${key} ${root}/collections/
  curl -u demo:${key} '${root}/collections/${config.sekoia.defaultFeedId}/objects/?limit=2'
  curl -u demo:${key} ${address}/misp/manifest.json

For your own feeds: SEKOIA_URL=https://api.sekoia.io npm start, and your Sekoia API key in place of ${key}.
`
}
