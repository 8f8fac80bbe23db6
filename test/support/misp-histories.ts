import fc from 'fast-check'
import { MispInstance } from './misp/instance.ts'
import { OpenCti } from './misp/opencti.ts'
import { Audit } from './misp-audit.ts'
import {
  allSpellings,
  type Change,
  Changer,
  changes,
  patterns,
  weighted,
  which
} from './misp-changes.ts'
import { dayMs } from './misp-scenes.ts'
import { readServed } from './misp-served.ts'
import { differences, unlike } from './misp-sync.ts'
import { builderSettings, type MispWorld, newDocuments, startMispWorld } from './misp-world.ts'

/** Random histories of a feed, the gateway that makes MISP events of it, and the MISPs that pull them. */

export type Operation =
  | Change
  | { readonly kind: 'flicker'; readonly which: number }
  | { readonly kind: 'tick'; readonly hours: number }
  | { readonly kind: 'publish'; readonly gateway: number }
  | { readonly kind: 'sync' | 'pull' | 'pull-meanwhile' | 'age' | 'restart' | 'lose' }
  | { readonly kind: 'recut'; readonly shardBits: number }
  | { readonly kind: 'die'; readonly commits: number }

export interface History {
  readonly shardBits: number
  /** With 1 each bucket and each event is committed by itself. */
  readonly commitBytes: number
  /** How far MISP's clock is ahead, seconds. */
  readonly ahead: number
  readonly operations: readonly Operation[]
}

const nat = (max: number) => fc.nat(max)

const operation = (extra: readonly string[]): fc.Arbitrary<Operation> =>
  fc.oneof(
    ...changes,
    weighted(2, 'flicker', which),
    weighted(4, 'tick', { hours: fc.constantFrom(0.01, 13, 26, 300, 1000) }),
    weighted(4, 'publish', { gateway: nat(1) }),
    weighted(5, ['sync', 'sync', 'sync', 'pull', 'pull-meanwhile', 'age']),
    weighted(1, ['restart', ...extra]),
    weighted(1, 'die', { commits: nat(3) }),
    weighted(1, 'recut', { shardBits: nat(2) })
  ) as fc.Arbitrary<Operation>

const histories = (extra: readonly string[]): fc.Arbitrary<History> =>
  fc.record({
    shardBits: fc.constantFrom(0, 1),
    commitBytes: fc.constantFrom(1, 1_000_000),
    ahead: fc.constantFrom(0, 0, 30, 200),
    operations: fc.array(operation(extra), { minLength: 3, maxLength: 50, size: 'max' })
  })

export const keptHistories = histories([])
/** Those in which the gateway loses its state. */
export const lossyHistories = histories(['lose'])

/**
 * Plays a history; throws when what a MISP holds live is not what the feed holds live, or a publication breaks an
 * invariant.
 */
export async function playMisp(history: History): Promise<void> {
  // What the gateway forgot may still be live in a MISP, which then refuses another spelling of it.
  const isLossy = history.operations.some(({ kind }) => kind === 'lose')
  let publications = 0
  const world = await startMispWorld({
    simulator: { now: Date.UTC(2026, 0, 15, 12) },
    settings: {
      shardBits: history.shardBits,
      commitBytes: history.commitBytes,
      walkMs: 1,
      restampMs
    },
    meter: { count: name => name === 'misp_publications' && publications++ }
  })
  const seconds = () => Math.floor(world.clock.now() / 1000)
  const scene: Scene = {
    world,
    changer: new Changer(world.simulator, isLossy ? patterns : allSpellings),
    misp: new MispInstance({ fetch: world.fetch, now: () => seconds() + history.ahead }),
    openCti: new OpenCti({ fetch: world.fetch, now: seconds, importFrom: 0 }),
    forgotten: new Set(),
    audit: newAudit(),
    publications: () => publications,
    isDead: false,
    isBlind: false,
    isLossy: false
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
  readonly changer: Changer
  readonly misp: MispInstance
  readonly openCti: OpenCti
  /** What was live at a MISP when the gateway lost its memory. */
  readonly forgotten: Set<string>
  /** How many there were. */
  readonly publications: () => number
  audit: Audit
  isDead: boolean
  /** True when publications were made that nobody looked at: by a process that died. */
  isBlind: boolean
  /** True once the gateway lost its memory. */
  isLossy: boolean
}

const restampMs = 7 * dayMs

const newAudit = () => new Audit(builderSettings.tombstoneMs / 1000, restampMs / 1000)

async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, misp } = scene
  switch (operation.kind) {
    case 'flicker':
      return flicker(scene, operation.which)
    case 'tick':
      world.simulator.clock.advance(operation.hours * 3_600_000)
      return
    case 'publish':
      return publish(scene, operation.gateway)
    case 'pull':
      return pull(scene)
    case 'sync':
      return sync(scene)
    case 'age':
      return age(scene)
    case 'pull-meanwhile':
      return publish(scene, 0, () => misp.pull())
    case 'restart':
      return restart(scene)
    case 'recut':
      return restart(scene, { settings: { shardBits: operation.shardBits } })
    case 'die':
      world.dieAfter(operation.commits)
      scene.isDead = true
      return
    case 'lose':
      for (const key of misp.liveToIds().keys()) scene.forgotten.add(key)
      restart(scene, { documents: newDocuments() })
      scene.audit = newAudit()
      scene.isLossy = true
      return
    default:
      scene.changer.make(operation)
  }
}

function restart(scene: Scene, change?: Parameters<MispWorld['restart']>[0]): void {
  scene.world.restart(change)
  scene.isDead = false
}

/** So long that all that ended is forgotten, while a MISP pulls in time. */
async function age(scene: Scene): Promise<void> {
  for (let times = 0; times < 5; times++) {
    scene.world.simulator.clock.advance(55 * dayMs)
    await sync(scene)
  }
}

/** One is revoked, and soon after it is not: each time, a MISP has pulled. Rather an Object than a single value. */
async function flicker(scene: Scene, which: number): Promise<void> {
  const { changer, world } = scene
  const isFile = (id: string) => String(world.simulator.get(id)?.['pattern']).includes('SHA-1')
  const id = changer.one('indicator', which, isFile) ?? changer.one('indicator', which)
  if (id) world.simulator.edit(id, { revoked: true })
  await sync(scene)
  const members = { revoked: false, valid_until: new Date(world.clock.now() + 1e8).toISOString() }
  if (id) world.simulator.edit(id, members)
  await sync(scene)
}

/** A round after the end of the feed may be asked for again; a process that dies meanwhile leaves it at that. */
async function publish(
  scene: Scene,
  gateway: number,
  meanwhile?: () => Promise<unknown>
): Promise<void> {
  const { world } = scene
  world.simulator.clock.advance(11_000)
  const begun = world.clock.now()
  const before = scene.publications()
  try {
    await Promise.all([world.round(gateway), meanwhile?.()])
    scene.changer.seen()
    // What a walk changes is published by itself, right after what was read.
    const isBlind = scene.isBlind || scene.publications() > before + 1
    report(await scene.audit.check(world, { begun, isBlind }))
    scene.isBlind = false
  } catch (error) {
    if (!scene.isDead || !(error as Error).message.includes('dead')) throw error
    scene.isBlind = true
    restart(scene)
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
  if (scene.isDead) restart(scene)
  await publish(scene, 0)
  await pull(scene)
  const { world, misp } = scene
  report(differences(world.simulator, misp, scene.forgotten))
  if (!scene.isLossy) report(unlike(await readServed(world), misp))
}

function report(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'))
}
