import { setImmediate } from 'node:timers/promises'
import type { Fault } from '../../../src/demo/faults.ts'
import type { World } from '../gateway.ts'
import { type ModelClient, type RunGiver, TokenWalker } from '../model-clients.ts'
import type { StoreCopy, TroubledStore } from '../troubled-store.ts'
import type { MixedOperation, Operation } from './history.ts'
import type { Ledger } from './ledger.ts'
import type { OddCast } from './odd-cast.ts'
import type { Stranger } from './stranger.ts'

/** Everything that operations happen to. */
export interface Scene {
  readonly world: World
  readonly clients: readonly ModelClient[]
  /** Absent where the gateway does not wait for Sekoia's trouble to pass. */
  readonly giver: RunGiver | undefined
  readonly stranger: Stranger | undefined
  readonly odd: OddCast
  readonly ledger: Ledger
  readonly store: TroubledStore
  /** False where an old state of the store may not be put back: other gateways have answered since. */
  readonly mayRestore: boolean
  backup: StoreCopy | undefined
  /** How often the secret was forgotten. */
  forgotten: number
  /** Calls of Sekoia since the operation began. */
  calls: number
  burst: { readonly fault: Fault; readonly until: number } | undefined
  /** Sekoia's opinion of the key, as clients may learn it; its no may be repeated where Sekoia cannot be asked. */
  key: 'accepted' | 'revoked' | 'long revoked' | 'doubted'
  /** True once Sekoia has denied that there is such a feed: clients may be told so. */
  isDenied: boolean
  /** The last `next` that a client of the default feed was given. */
  lastToken: string | undefined
}

/** A burst begins when whoever waited for the last one has been answered. */
const calmMs = 25_000

export async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, clients, odd, store } = scene
  const { simulator } = world
  switch (operation.kind) {
    case 'step':
      for (let i = 0; i < operation.times; i++) await step(operation.client, scene)
      return
    case 'edit':
    case 'revoke':
    case 'remove': {
      const visible = simulator.visible()
      if (visible.length > 0)
        simulator[operation.kind](visible[operation.which % visible.length]!.id)
      return
    }
    case 'add':
    case 'ties':
      simulator[operation.kind](operation.count)
      return
    case 'late':
      simulator.add(operation.count, { hiddenForMs: operation.hiddenForMs })
      return
    case 'odd':
      odd.enter(operation)
      return
    case 'shifted':
      odd.enterShifted(operation.byMs)
      return
    case 'begin':
      return readFrom(odd.timeAt(operation.at), operation.pages, world)
    case 'tick':
      simulator.clock.advance(operation.ms)
      return
    case 'fault':
      return strike(operation.fault, operation.times, scene)
    case 'outage':
      simulator.faults.clear()
      simulator.faults.rate({ kind: 'status', status: 503 }, 1)
      for (const client of clients) await client.step()
      simulator.clock.advance(operation.ms)
      for (const client of clients) await client.step()
      simulator.faults.clear()
      return
    case 'restart':
      return world.restart()
    case 'crash':
      return world.crash()
    case 'evict':
      store.evictAll()
      return world.restart()
    case 'wipe':
      return loseStore(scene, {}, () => store.wipe())
    default:
      return performMixed(operation, scene)
  }
}

async function performMixed(operation: MixedOperation, scene: Scene): Promise<void> {
  const { world, store, odd, stranger } = scene
  switch (operation.kind) {
    case 'together':
      return askTogether(operation.meanwhile, scene)
    case 'burst': {
      const now = world.clock.now()
      if (scene.burst && now < scene.burst.until + calmMs) return
      scene.burst = { fault: operation.fault, until: now + operation.ms }
      return
    }
    case 'unreadable':
      odd.enterItem(operation.item)
      return
    case 'revoked':
      return revokeKey(scene)
    case 'forget':
      return loseStore(scene, { secret: Buffer.alloc(32, ++scene.forgotten) })
    case 'backup':
      return takeBackup(scene)
    case 'restore': {
      const { backup } = scene
      return backup && loseStore(scene, {}, () => store.restore(backup))
    }
    case 'store-fails':
      store.fail(operation.calls)
      return
    case 'trespass':
      return stranger?.trespass(scene.lastToken)
  }
}

async function readFrom(start: number, pages: number, world: World): Promise<void> {
  const first = `added_after=${new Date(start).toISOString()}`
  for (let page = 0, from: string | undefined = first; from && page < pages; page++) {
    const { body } = await world.get(`objects/?limit=3&${from}`)
    from = body.next && `next=${body.next}`
  }
}

/** One request of the client with this number. */
async function step(number: number, scene: Scene): Promise<void> {
  const { clients, stranger } = scene
  const client = clients[number]
  if (client) return client.step()
  if (number > clients.length) return stranger?.client.step()
  return stepGiver(scene)
}

/** Throws when the client that gives up has reason to, although nothing but a burst was in its way. */
export async function stepGiver({ giver, world, key, isDenied }: Scene): Promise<void> {
  // Another client may have met the denial, which is remembered for a while.
  if (!giver || world.simulator.faults.waiting > 0 || key !== 'accepted' || isDenied) return
  await giver.step()
  if (giver.givenUp > 0) throw new Error(`${giver.name} has lost a run`)
}

function strike(fault: Fault, times: number, scene: Scene): void {
  const { faults } = scene.world.simulator
  if (fault.status === 404) scene.isDenied = true
  // The same wrong page three times in a row cannot be told from the truth.
  const isRepeated = fault.kind === 'duplicate-page'
  if (!isRepeated || faults.waiting <= 1) faults.once(fault, isRepeated ? 1 : times)
}

async function askTogether(
  meanwhile: Extract<Operation, { kind: 'together' }>['meanwhile'],
  scene: Scene
): Promise<void> {
  const asking = Promise.all(scene.clients.map(client => client.step()))
  asking.catch(() => {})
  await setImmediate()
  if (meanwhile === 'edit') await perform({ kind: 'edit', which: 7 }, scene)
  else if (meanwhile === 'add') await perform({ kind: 'add', count: 2 }, scene)
  else if (meanwhile !== 'nothing') await perform({ kind: meanwhile }, scene)
  await asking
}

async function revokeKey(scene: Scene): Promise<void> {
  const { simulator } = scene.world
  simulator.putKey(simulator.key, { status: 'revoked' })
  scene.key = 'revoked'
  for (const client of scene.clients) await client.step()
  simulator.clock.advance(310_000)
  scene.key = 'long revoked'
  for (const client of scene.clients) await client.step()
  simulator.putKey(simulator.key, { status: 'ok' })
  simulator.clock.advance(11_000)
  scene.key = 'doubted'
}

async function loseStore(
  { world, odd }: Scene,
  changes: Parameters<World['restart']>[1],
  whileDown?: () => unknown
): Promise<void> {
  odd.excuse()
  await world.restart(undefined, changes, whileDown)
}

/** Only what was read to its end may be put back (docs/operations.md, backup). */
async function takeBackup(scene: Scene): Promise<void> {
  const { world, store, stranger, mayRestore, isDenied } = scene
  if (!mayRestore || isDenied || world.simulator.faults.waiting > 0) return
  const walker = new TokenWalker({ world, limit: 100, inspect: () => {} })
  for (const client of [walker, ...(stranger ? [stranger.client] : [])]) await toEnd(client)
  await world.restart(undefined, {}, async () => {
    scene.backup = await store.copy()
  })
}

const maxSteps = 500

/** Until the client is told that there is no more. */
export async function toEnd(client: ModelClient, step = () => client.step()): Promise<void> {
  for (let steps = 0; steps === 0 || !client.isIdle; steps++) {
    if (steps > maxSteps) throw new Error(`${client.name} does not come to an end`)
    await step()
  }
}
