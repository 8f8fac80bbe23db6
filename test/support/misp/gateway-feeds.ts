import type { Test } from 'tap'
import type { Simulator, SimulatorOptions } from '../../../src/demo/simulator.ts'
import { buildGateway, type Gateway, type GatewayOptions } from '../app.ts'
import { type Ask, asking } from './http.ts'

/** The whole gateway with MISP feeds that a test asks for over real HTTP. */

export const defaultFeed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
/** Feeds of the simulator beside the default one. */
export const ownFeed = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
export const newestFirst = '3f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
export const inCsv = '4f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
/** Of no feed. */
export const nowhere = '5f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'

export const noon = Date.UTC(2026, 0, 15, 12)

export interface MispGateway {
  readonly gateway: Gateway
  readonly origin: string
  readonly ask: Ask
}

/** Feeds of a month. */
export const monthly: SimulatorOptions = {
  now: noon,
  objects: 400,
  historyDays: 30,
  bloat: false,
  feeds: [
    { id: ownFeed, title: 'Own feed', sort_order: 'asc', types: ['indicator'] },
    { id: newestFirst, title: 'Newest first', sort_order: 'desc' },
    { id: inCsv, title: 'In CSV', sort_order: 'asc', format: 'csv' }
  ]
}

/** Listens on a free port; the feeds are those of {@link monthly} unless told otherwise. */
export async function startMispGateway(
  t: Test,
  options: GatewayOptions = {}
): Promise<MispGateway> {
  const gateway = await buildGateway(t, {
    ...options,
    simulator: { ...monthly, ...options.simulator }
  })
  const origin = await gateway.listen()
  return { gateway, origin, ask: asking(t, origin, gateway.simulator.key) }
}

/**
 * Each page of a feed takes 11 s of the gateway's clock from now on, and those from the nth on `delayMs` of real time,
 * too. The gateway builds for long then: every 20 s of its clock it publishes what it has.
 */
export function slowPages({ clock, faults }: Simulator, nth: number, delayMs: number): void {
  let pages = 0
  faults.take = url => {
    if (!isPage(url)) return undefined
    clock.advance(11_000)
    return ++pages < nth ? undefined : { kind: 'slow', delayMs }
  }
}

/** How many pages of feeds, or of one, Sekoia was asked for; the questions for a single object ask for rights. */
export const pageCalls = ({ calls }: Simulator, feedId = ''): number =>
  calls.filter(
    ({ path, query }) => path.includes(feedId) && isPage(`${path}?limit=${query['limit']}`)
  ).length

const isPage = (url: string): boolean =>
  /\/collections\/[^/]+\/objects\?/.test(url) && !/\blimit=1\b/.test(url)
