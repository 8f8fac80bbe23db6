import fc from 'fast-check'
import type { Simulator } from '../../src/demo/simulator.ts'
import { mapIndicator } from '../../src/misp/pattern-mapping.ts'
import { checkFeed } from './misp/checker.ts'
import { bodyText } from './misp/feed-client.ts'
import { MispInstance } from './misp/instance.ts'
import { OpenCti } from './misp/opencti.ts'
import { type MispWorld, newDocuments, startMispWorld } from './misp-world.ts'

/** Random histories of a feed, the gateway that makes MISP events of it, and the MISPs that pull them. */

export type Operation =
  | { readonly kind: 'create'; readonly what: number; readonly tlp: number; readonly days: number }
  | { readonly kind: 'edit'; readonly which: number; readonly how: number; readonly value: number }
  | { readonly kind: 'extend'; readonly which: number; readonly days: number }
  | { readonly kind: 'revoke' | 'restore' | 'vanish' | 'relate'; readonly which: number }
  | { readonly kind: 'report'; readonly which: number; readonly tlp: number }
  | { readonly kind: 'tick'; readonly hours: number }
  | { readonly kind: 'publish'; readonly gateway: number }
  | { readonly kind: 'sync' | 'pull' | 'pull-meanwhile' | 'restart' | 'lose' }
  | { readonly kind: 'die'; readonly commits: number }

export interface History {
  readonly shardBits: number
  /** How far MISP's clock is ahead, seconds. */
  readonly ahead: number
  readonly operations: readonly Operation[]
}

const nat = (max: number) => fc.nat(max)
const which = { which: nat(1000) }

const weighted = (
  weight: number,
  kind: string | string[],
  members: Record<string, fc.Arbitrary<unknown>> = {}
) => ({ weight, arbitrary: fc.record({ kind: fc.constantFrom(...[kind].flat()), ...members }) })

const operation = (extra: readonly string[]): fc.Arbitrary<Operation> =>
  fc.oneof(
    weighted(6, 'create', { what: nat(11), tlp: nat(3), days: fc.integer({ min: 1, max: 60 }) }),
    weighted(5, 'edit', { ...which, how: nat(5), value: nat(11) }),
    weighted(3, 'extend', { ...which, days: fc.integer({ min: -2, max: 60 }) }),
    weighted(3, ['revoke', 'restore', 'vanish', 'relate'], which),
    weighted(2, 'report', { ...which, tlp: nat(3) }),
    weighted(4, 'tick', { hours: fc.constantFrom(0.01, 1, 26, 300, 1000) }),
    weighted(5, 'publish', { gateway: nat(1) }),
    weighted(5, ['sync', 'sync', 'pull', 'pull-meanwhile']),
    weighted(1, ['restart', ...extra]),
    weighted(1, 'die', { commits: nat(3) })
  ) as fc.Arbitrary<Operation>

const histories = (extra: readonly string[]): fc.Arbitrary<History> =>
  fc.record({
    shardBits: fc.constantFrom(0, 1),
    ahead: fc.constantFrom(0, 0, 30, 200),
    operations: fc.array(operation(extra), { minLength: 3, maxLength: 40 })
  })

export const keptHistories = histories([])
/** Those in which the gateway loses its state. */
export const lossyHistories = histories(['lose'])

const tlps = [
  'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9',
  'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
  'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82',
  'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
]

const md5 = (n: number) => `${n}`.repeat(32).slice(0, 32)
const sha1 = (n: number) => `${n}`.repeat(40).slice(0, 40)

/** Few enough that values meet: single ones, several in one pattern, Objects, and what MISP cannot hold. */
const patterns = [
  ...[0, 1, 2, 3].map(n => `[url:value = 'http://${n}.example.com/a']`),
  "[domain-name:value = 'example.org']",
  "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
  "[ipv4-addr:value = '192.0.2.2']",
  ...[1, 2].map(n => `[file:hashes.MD5 = '${md5(n)}' OR file:hashes.'SHA-1' = '${sha1(n)}']`),
  `[file:hashes.MD5 = '${md5(1)}']`,
  "[url:value LIKE 'http://%.example.com/']",
  "[file:name = 'setup.exe']"
]

const dayMs = 86_400_000

/** Plays a history; throws when what a MISP holds live is not what the feed holds live. */
export async function playMisp(history: History): Promise<void> {
  const world = await startMispWorld({
    simulator: { now: Date.UTC(2026, 0, 15, 12) },
    settings: { shardBits: history.shardBits, walkMs: 1 }
  })
  const seconds = () => Math.floor(world.clock.now() / 1000)
  const scene: Scene = {
    world,
    misp: new MispInstance({ fetch: world.fetch, now: () => seconds() + history.ahead }),
    openCti: new OpenCti({ fetch: world.fetch, now: seconds, importFrom: 0 }),
    forgotten: new Set(),
    isDead: false,
    issued: new Map()
  }
  try {
    await publish(scene, 0)
    for (const operation of history.operations) await perform(operation, scene)
    await sync(scene)
  } finally {
    await world.close()
  }
}

interface Scene {
  readonly world: MispWorld
  readonly misp: MispInstance
  readonly openCti: OpenCti
  /** What was live at a MISP when the gateway lost its memory. */
  readonly forgotten: Set<string>
  isDead: boolean
  /** The last timestamp of each event, and all that were ever seen. */
  issued: Map<string, number>
}

async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, misp } = scene
  const { simulator } = world
  const now = simulator.clock.now()
  const until = (days: number) => new Date(now + days * dayMs).toISOString()
  const one = (type: string, which: number) => {
    const all = simulator.visible().filter(object => object.type === type)
    return all[which % all.length]?.id
  }
  switch (operation.kind) {
    case 'create':
      simulator.add({
        type: 'indicator',
        created: new Date(now).toISOString(),
        name: `Indicator ${operation.what}`,
        pattern: patterns[operation.what % patterns.length],
        pattern_type: 'stix',
        object_marking_refs: [tlps[operation.tlp]],
        valid_from: new Date(now).toISOString(),
        valid_until: until(operation.days),
        revoked: false
      })
      return
    case 'edit': {
      const id = one('indicator', operation.which)
      const changes = [
        { name: `Renamed ${operation.value}` },
        { confidence: operation.value * 9 },
        { labels: [`label-${operation.value}`] },
        { pattern: patterns[operation.value % patterns.length] },
        { object_marking_refs: [tlps[operation.value % 4]] },
        {}
      ]
      if (id) simulator.edit(id, changes[operation.how])
      return
    }
    case 'extend': {
      const id = one('indicator', operation.which)
      if (id) simulator.edit(id, { valid_until: until(operation.days) })
      return
    }
    case 'revoke':
    case 'restore': {
      const id = one('indicator', operation.which)
      if (id) simulator.edit(id, { revoked: operation.kind === 'revoke' })
      return
    }
    case 'vanish': {
      const id = one('indicator', operation.which)
      if (id) simulator.remove(id)
      return
    }
    case 'relate': {
      const source = one('indicator', operation.which)
      const [target] = simulator.add({ type: 'malware', name: `Malware ${operation.which % 3}` })
      if (source)
        simulator.add({
          type: 'relationship',
          relationship_type: 'indicates',
          source_ref: source,
          target_ref: target,
          revoked: false
        })
      return
    }
    case 'report': {
      const known = one('report', operation.which)
      const refs = [0, 1, 2].flatMap(n => one('indicator', operation.which + n) ?? [])
      const members = {
        name: `Report ${operation.which % 5}`,
        object_refs: refs,
        object_marking_refs: [tlps[operation.tlp]],
        description: `# Text ${operation.which}`,
        revoked: operation.which % 7 === 0
      }
      if (known && operation.which % 2 === 0) simulator.edit(known, members)
      else simulator.add({ type: 'report', ...members })
      return
    }
    case 'tick':
      simulator.clock.advance(operation.hours * 3_600_000)
      return
    case 'publish':
      return publish(scene, operation.gateway)
    case 'pull':
      return pull(scene)
    case 'sync':
      return sync(scene)
    case 'pull-meanwhile':
      await Promise.all([publish(scene, 0), misp.pull()])
      return
    case 'restart':
      world.restart()
      scene.isDead = false
      return
    case 'die':
      world.dieAfter(operation.commits)
      scene.isDead = true
      return
    case 'lose':
      for (const key of misp.liveToIds().keys()) scene.forgotten.add(key)
      world.restart(newDocuments())
      scene.isDead = false
      scene.issued = new Map()
      return
  }
}

async function revive(scene: Scene): Promise<void> {
  if (scene.isDead) scene.world.restart()
  scene.isDead = false
}

/** A round after the end of the feed may be asked for again; a process that dies meanwhile leaves it at that. */
async function publish(scene: Scene, gateway: number): Promise<void> {
  const { world } = scene
  world.simulator.clock.advance(11_000)
  try {
    await world.round(gateway)
  } catch (error) {
    if (!scene.isDead || !(error as Error).message.includes('dead')) throw error
    await revive(scene)
  }
}

async function pull({ misp, openCti }: Scene): Promise<void> {
  const { failed, dropped } = await misp.pull()
  if (failed) throw new Error(`the pull failed: ${failed}`)
  if (dropped.length > 0) throw new Error(`MISP refused ${JSON.stringify(dropped)}`)
  const run = await openCti.run()
  if (run.error || run.failed.length > 0)
    throw new Error(`OpenCTI stopped: ${run.error} ${JSON.stringify(run.failed)}`)
}

/** A publication and a pull, after which the MISP detects what the feed holds, and nothing else. */
async function sync(scene: Scene): Promise<void> {
  await revive(scene)
  await publish(scene, 0)
  await audit(scene)
  await pull(scene)
  compare(scene)
}

/** The invariants that a publication shows by itself, and against the one before. */
async function audit({ world, issued }: Scene): Promise<void> {
  const get = async (path: `/${string}.json` | '/hashes.csv') => {
    const answer = await world.fetch(path, {})
    return answer.status === 200 ? Buffer.from(bodyText(answer)) : undefined
  }
  const manifest = (await get('/manifest.json'))!
  const problems = await checkFeed({
    manifest,
    hashes: await get('/hashes.csv'),
    event: async uuid => (await get(`/${uuid}.json`))!
  })
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const newest = Math.max(0, ...issued.values())
  const entries = Object.entries(
    JSON.parse(manifest.toString()) as Record<string, { timestamp: string }>
  )
  for (const [uuid, { timestamp }] of entries) {
    const isOld = issued.get(uuid) === Number(timestamp)
    if (!isOld && Number(timestamp) <= newest) throw new Error(`${uuid} has an old timestamp`)
  }
  for (const [uuid, { timestamp }] of entries) issued.set(uuid, Number(timestamp))
}

/** The values that are to be detected now. */
export function liveUpstream(simulator: Simulator): Set<string> {
  const now = simulator.clock.now()
  const live = new Set<string>()
  for (const { id, type } of simulator.visible()) {
    if (type !== 'indicator') continue
    const object = simulator.get(id)!
    const until = Date.parse(String(object['valid_until'] ?? ''))
    if (object['revoked'] === true || until <= now) continue
    const { attributes, objects } = mapIndicator(object)
    for (const value of [...attributes, ...objects.flatMap(({ values }) => values)])
      if (value.toIds) live.add(`${value.type}|${value.value}`)
  }
  return live
}

function compare({ world, misp, forgotten }: Scene): void {
  const upstream = liveUpstream(world.simulator)
  const local = new Set(misp.liveToIds().keys())
  const missing = [...upstream].filter(key => !local.has(key))
  const stale = [...local].filter(key => !upstream.has(key) && !forgotten.has(key))
  if (missing.length > 0) throw new Error(`MISP lacks ${missing.join(', ')}`)
  if (stale.length > 0) throw new Error(`MISP still detects ${stale.join(', ')}`)
}
