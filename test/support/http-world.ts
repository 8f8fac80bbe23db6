import type { Test } from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import { buildGateway, type GatewayOptions } from './app.ts'
import { type Answer, defaultFeed } from './gateway.ts'
import type { Served } from './model-clients.ts'

/** The gateway as it is shipped, on a port of its own, in front of a simulated Sekoia on whose clock it runs. */
export interface HttpWorld extends Served {
  readonly simulator: Simulator
  /** GET below the API root. */
  getRoot(path: string): Promise<Answer>
}

/** Closed at the end of the test. */
export async function serveWorld(t: Test, options: GatewayOptions = {}): Promise<HttpWorld> {
  const gateway = await buildGateway(t, options)
  const { simulator } = gateway
  const root = `${await gateway.listen()}/sekoia/`

  async function getRoot(path: string): Promise<Answer> {
    const reply = await fetch(root + path, {
      headers: {
        authorization: `Bearer ${simulator.key}`,
        accept: 'application/taxii+json;version=2.1'
      }
    })
    const text = await reply.text()
    const headers = Object.fromEntries(reply.headers)
    return { status: reply.status, headers, text, body: JSON.parse(text) }
  }

  const get = (path: string) => getRoot(`collections/${defaultFeed}/${path}`)
  return { simulator, clock: simulator.clock, get, getRoot }
}

/** The same collection for clients that ask for one type. */
export const ofType = ({ clock, get }: Served, type: string): Served => ({
  clock,
  get: path => get(`${path}&match[type]=${type}`)
})
