import { defaultFeed, startWorld, type World, type WorldOptions } from '../gateway.ts'
import { type Inspect, makeCrowd, RunGiver, type Served, TokenWalker } from '../model-clients.ts'
import { inspector } from '../promises.ts'
import { troubledStore } from '../troubled-store.ts'
import { truth } from '../walks.ts'
import { type History, horizonSeconds, relookSeconds } from './history.ts'
import { Ledger } from './ledger.ts'
import { OddCast } from './odd-cast.ts'
import { perform, type Scene, stepGiver, toEnd } from './perform.ts'
import { openStore } from './stores.ts'
import { Stranger } from './stranger.ts'

const noon = Date.UTC(2026, 0, 15, 12)

/** Plays a history, lets every client finish, and throws when one of them misses an object, or has one too many. */
export async function play(history: History): Promise<void> {
  const clock = { now: () => noon }
  const { store, close } = await openStore(history.store, { now: () => clock.now() })
  const isShared = history.processes > 1
  const troubled = troubledStore(store, { isShared, clock: { now: () => clock.now() } })
  const world = await startWorld({ ...optionsOf(history), store: troubled })
  clock.now = () => world.clock.now()
  if (history.newestFirst) world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  try {
    const scene = setUp(history, world, troubled)
    for (const operation of history.operations) {
      scene.calls = 0
      await perform(operation, scene)
      checkCalls(scene)
      scene.ledger.note()
    }
    await finish(history, scene)
  } finally {
    await world.close()
    await close()
  }
}

function optionsOf(history: History): WorldOptions {
  const { seed, objects, order, switches, patienceMs = 0, maxBodyBytes } = history
  const from = noon - 300_000 - history.historyMs
  // Time stands still while an answer stalls, so that has to end soon.
  const patient = { patienceMs, backoffMs: 250, bodyTimeoutMs: 300, totalTimeoutMs: 30_000 }
  return {
    simulator: {
      ...{ now: noon, bloat: false, seed, objects, from, order },
      switches: { gzip: false, ...switches }
    },
    logs: {
      pageLimit: history.pageLimit,
      backfillParallel: history.parallel ?? 1,
      // Feeds are small here: any cut is worth its calls.
      backfillShare: 100,
      backfillMinPages: 0.5,
      assumeTies: history.assumeTies,
      relookSeconds,
      rebuildHorizonSeconds: horizonSeconds,
      cacheMaxBytes: history.cacheMaxBytes
    },
    client: { ...(patienceMs > 0 && patient), ...(maxBodyBytes && { maxBodyBytes }) },
    processes: history.processes,
    apart: history.apart ?? false
  }
}

function setUp(history: History, world: World, store: Scene['store']): Scene {
  const { limits, epoch, patienceMs = 0 } = history
  const served = watched(world, () => scene)
  const inspect = inspectorOf(served, () => scene)
  const start = `${epoch}-01-01T00:00:00.000Z`
  const giver = () =>
    new RunGiver({ world: served, limit: limits[6]!, inspect }, () =>
      world.fetch('/sekoia/collections/')
    )
  const scene: Scene = {
    ...{ world, store },
    clients: makeCrowd({ world: served, limits, inspect, start }),
    giver: patienceMs > 0 ? giver() : undefined,
    stranger: history.stranger ? new Stranger(world, limits[7]!) : undefined,
    odd: new OddCast(world, history),
    ledger: new Ledger(world),
    mayRestore: history.processes === 1,
    backup: undefined,
    forgotten: 0,
    calls: 0,
    burst: undefined,
    key: 'accepted',
    isDenied: false,
    lastToken: undefined
  }
  letBurst(scene)
  return scene
}

/** What clients are served, taken down. */
const watched = ({ clock, get }: World, sceneOf: () => Scene): Served => ({
  clock,
  async get(path) {
    const answer = await get(path)
    const scene = sceneOf()
    scene.lastToken = answer.body.next ?? scene.lastToken
    return answer
  }
})

function inspectorOf(served: Served, sceneOf: () => Scene): Inspect {
  const inspect = inspector(served)
  return (answer, query) => {
    const { key, isDenied } = sceneOf()
    if (answer.status === 404 && isDenied) return
    if (key === 'long revoked' && answer.status === 200) throw new Error('a refused key is served')
    if (key === 'accepted' || answer.status === 200) inspect(answer, query)
  }
}

/** Far more than one operation takes, however small the pages. */
const maxCalls = 10_000

function checkCalls({ calls }: Scene): void {
  if (calls > maxCalls) throw new Error('Sekoia is asked without end')
}

/** While a burst lasts it strikes, whatever waits besides. Who asks without end is refused in the end. */
function letBurst(scene: Scene): void {
  const { faults } = scene.world.simulator
  const take = faults.take.bind(faults)
  faults.take = (url, key) => {
    const { burst, world } = scene
    if (++scene.calls > maxCalls) return { kind: 'status', status: 401 }
    const isStruck =
      burst && world.clock.now() < burst.until && url.includes(burst.fault.match ?? '')
    return isStruck ? burst.fault : take(url, key)
  }
}

/** Until everybody has polled the end of the feed twice after the last change. */
async function finish(history: History, scene: Scene): Promise<void> {
  const { world, clients, giver, stranger, odd } = scene
  const { simulator } = world
  simulator.faults.clear()
  scene.burst = undefined
  scene.key = 'accepted'
  scene.isDenied = false
  simulator.clock.advance(relookSeconds * 1000)
  scene.ledger.note()
  const settled = truth(world)
  const owed = odd.settled()
  for (let round = 0; round < 3; round++) {
    simulator.clock.advance(11_000)
    for (const client of [...clients, ...(stranger ? [stranger.client] : [])]) await toEnd(client)
    if (giver) await toEnd(giver, () => stepGiver(scene))
  }
  // What its own time cannot date, each gateway dates as it comes (docs/taxii.md, bounds).
  if (history.apart) odd.excuse()
  const readers = history.apart
    ? [await freshReader(world)]
    : [...clients, ...(giver ? [giver] : [])]
  for (const client of readers) {
    const missing = [
      ...settled.filter(
        key => !odd.has(key) && !odd.isExcusedKey(key) && !client.received.has(key)
      ),
      ...odd.missing(client, owed)
    ]
    if (missing.length > 0 && !odd.mayMislead(client))
      throw new Error(`${client.name} misses ${missing.join(', ')}`)
  }
  checkScopes(scene)
  const missing = history.apart ? [] : (stranger?.missing() ?? []).filter(id => !odd.isExcused(id))
  if (missing.length > 0) throw new Error(`the stranger misses ${missing.join(', ')}`)
}

/** One who begins now: gateways that know nothing of each other promise no more. */
async function freshReader(world: World): Promise<TokenWalker> {
  const reader = new TokenWalker({ world, limit: 20, inspect: () => {} })
  await toEnd(reader)
  return reader
}

/** Nobody was given what was never shown in the feed. */
function checkScopes({ clients, giver, stranger, odd, ledger }: Scene): void {
  for (const { name, received } of [...clients, ...(giver ? [giver] : [])]) {
    const others = ledger.strangers(received, key => odd.has(key))
    if (others.length > 0) throw new Error(`${name} was given ${others.join(', ')}`)
  }
  stranger?.checkAll()
}
