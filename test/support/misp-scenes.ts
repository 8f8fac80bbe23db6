import type { Test } from 'tap'
import type { Head } from '../../src/misp/events/head.ts'
import { MispInstance } from './misp/instance.ts'
import { readServed, type Served } from './misp-served.ts'
import { differences } from './misp-sync.ts'
import { type MispWorld, type MispWorldOptions, startMispWorld } from './misp-world.ts'

/** Small feeds for tests that tell one story each. */

export const dayMs = 86_400_000

/** Ids of the markings of STIX 2.1. */
export const markings = {
  clear: 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9',
  green: 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
  amber: 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82',
  red: 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
} as const

/** A world at noon of 15 January 2026, without objects, that closes with the test. */
export async function mispWorld(t: Test, options: MispWorldOptions = {}): Promise<MispWorld> {
  const now = Date.UTC(2026, 0, 15, 12)
  const world = await startMispWorld({ ...options, simulator: { now, ...options.simulator } })
  t.teardown(() => world.close())
  return world
}

/** The instant so many days from now, as STIX writes it. */
export const inDays = ({ clock }: MispWorld, days: number): string =>
  new Date(clock.now() + days * dayMs).toISOString()

export const url = (name: string): string => `http://${name}.example.com/`
export const urlPattern = (name: string): string => `[url:value = '${url(name)}']`

/** What the simulator gives an object beside what a test says of it. */
export const plain = {
  confidence: undefined,
  labels: undefined,
  kill_chain_phases: undefined,
  external_references: undefined,
  x_inthreat_sources_refs: undefined,
  x_ic_impacted_sectors: undefined,
  x_ic_impacted_locations: undefined,
  revoked: false
}

type Members = Record<string, unknown>

/** Adds a URL indicator, TLP:GREEN and valid for ten days; its id. */
export function addIndicator(world: MispWorld, name: string, members: Members = {}): string {
  const [id] = world.simulator.add({
    ...plain,
    type: 'indicator',
    created: inDays(world, 0),
    name: `Indicator ${name}`,
    pattern: urlPattern(name),
    pattern_type: 'stix',
    object_marking_refs: [markings.green],
    valid_from: inDays(world, 0),
    valid_until: inDays(world, 10),
    ...members
  })
  return id!
}

/** Adds a report, TLP:GREEN, about these objects; its id. */
export function addReport(
  world: MispWorld,
  refs: readonly string[],
  members: Members = {}
): string {
  const [id] = world.simulator.add({
    ...plain,
    type: 'report',
    created: inDays(world, 0),
    published: inDays(world, 0),
    name: 'A report',
    description: '# What we saw',
    object_refs: refs,
    object_marking_refs: [markings.green],
    ...members
  })
  return id!
}

/** Adds any other object; its id. */
export function addObject(world: MispWorld, type: string, members: Members = {}): string {
  const [id] = world.simulator.add({ ...plain, type, created: inDays(world, 0), ...members })
  return id!
}

/** Adds a relationship: an indicator indicates something. */
export const relate = (world: MispWorld, indicator: string, target: string): string =>
  addObject(world, 'relationship', {
    relationship_type: 'indicates',
    source_ref: indicator,
    target_ref: target
  })

export const wait = ({ simulator }: MispWorld, days: number): void =>
  simulator.clock.advance(days * dayMs)

/** Now, epoch seconds. */
export const secondsOf = ({ clock }: MispWorld): number => Math.floor(clock.now() / 1000)

/** Some seconds later, when the end of the feed may be asked for again: a round, and what is served then. */
export async function publish(world: MispWorld, gateway = 0): Promise<Served> {
  world.simulator.clock.advance(11_000)
  await world.round(gateway)
  return readServed(world)
}

/** A MISP whose clock is so many seconds ahead of the gateway's. */
export const mispOf = ({ fetch, clock }: MispWorld, ahead = 0): MispInstance =>
  new MispInstance({ fetch, now: () => Math.floor(clock.now() / 1000) + ahead })

/** Pulls, and says in what the MISP then differs from the feed. Nothing: it is in sync. */
export async function pullAndCompare(world: MispWorld, misp: MispInstance): Promise<string[]> {
  const { failed, dropped } = await misp.pull()
  return [
    ...(failed ? [`the pull failed: ${failed}`] : []),
    ...dropped.map(({ what, reason }) => `${what} dropped: ${reason}`),
    ...differences(world.simulator, misp)
  ]
}

/** What the publisher knows of each event. */
export async function headsOf({ documents, space }: MispWorld): Promise<Head[]> {
  const heads: Head[] = []
  for await (const batch of documents.scan(space, 'head'))
    for (const { value } of batch) heads.push(JSON.parse(value.toString()))
  return heads
}

/** Keys of a table of what is stored. */
export async function keysOf({ documents, space }: MispWorld, table: string): Promise<string[]> {
  const keys = new Set<string>()
  for await (const batch of documents.scan(space, table)) for (const { key } of batch) keys.add(key)
  return [...keys].sort()
}
