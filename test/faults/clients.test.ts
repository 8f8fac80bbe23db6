import t, { type Test } from 'tap'
import { ofType, serveWorld } from '../support/http-world.ts'
import { type Knob, knobs, mend, turn } from '../support/knobs.ts'
import { type Inspect, type ModelClient, makeCrowd } from '../support/model-clients.ts'
import { inspector } from '../support/promises.ts'
import { padded } from '../support/walks.ts'

/**
 * Every knob of the simulated Sekoia, turned while clients of all kinds walk and poll at once over real HTTP
 * (G1, G7, P-34). Some of them ask for one type, which is a log of its own.
 */

t.setTimeout(600_000)

const type = 'malware'
const start = '2000-01-01T00:00:00.000Z'

async function sceneOf(t: Test, { env }: Knob) {
  const world = await serveWorld(t, {
    simulator: { objects: 100, bloat: false },
    env: {
      FEED_LOG_PAGE_LIMIT: '10',
      FEED_LOG_TIP_WAIT_MS: '200',
      UPSTREAM_BACKOFF_MS: '1',
      UPSTREAM_BREAKER_FAILURES: '1000',
      ...env
    }
  })
  const { simulator } = world
  simulator.add({ type })
  const typed = ofType(world, type)
  const promises = inspector(world)
  const failures: { status: number; retryAfter: number }[] = []
  const inspect: Inspect = (answer, query) => {
    const { status, headers } = answer
    if (status === 200) promises(answer, query)
    else failures.push({ status, retryAfter: Number(headers['retry-after']) })
  }
  const typedClients = new Set<ModelClient>()
  const clients: ModelClient[] = []

  function crowd(): ModelClient[] {
    const all = makeCrowd({ world, limits: [7], inspect, start })
    const some = makeCrowd({ world: typed, limits: [2], inspect, start })
    clients.push(...all, ...some)
    for (const client of some) typedClients.add(client)
    return [...all, ...some]
  }

  /** What is changed while a knob is turned: something of everything. */
  function change(): void {
    simulator.add(2)
    simulator.add({ type })
    simulator.ties(3)
    simulator.edit(simulator.visible()[5]!.id)
    simulator.add({ type }, { hiddenForMs: 5000 })
    simulator.clock.advance(11_000)
  }

  /** `name id|modified` of everything that is visible and did not reach a client that asks for it. */
  const lost = (): string[] =>
    clients.flatMap(client =>
      simulator
        .visible()
        .filter(object => !typedClients.has(client) || object.type === type)
        .map(({ id, modified }) => `${id}|${padded(modified)}`)
        .filter(key => !client.received.has(key))
        .map(key => `${client.name} ${key}`)
    )
  return { world, failures, crowd, change, lost, clients }
}

type Scene = Awaited<ReturnType<typeof sceneOf>>

async function steps(clients: readonly ModelClient[], count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.all(clients.map(client => client.step()))
}

/** Those whose requests leave something to be read. */
const withoutLargePages = (clients: readonly ModelClient[]): ModelClient[] =>
  clients.filter(({ name }) => name !== 'header poller')

async function readToEnd(clients: readonly ModelClient[], most = 100): Promise<void> {
  for (let i = 0; i === 0 || clients.some(({ isIdle }) => !isIdle); i++) {
    if (i > most) throw new Error('some client does not come to an end')
    await steps(
      clients.filter(client => i === 0 || !client.isIdle),
      1
    )
  }
}

/** All is well again: time passes, and everybody polls until there is no more. */
async function recover({ world, clients, failures }: Scene): Promise<void> {
  await mend(world.simulator)
  failures.length = 0
  for (const ms of [300_000, 11_000, 11_000]) {
    world.simulator.clock.advance(ms)
    await readToEnd(clients)
  }
}

for (const knob of knobs) {
  const { name, refusals } = knob

  t.test(
    `${name}, once the feed is held: ${refusals.length > 0 ? `nothing but ${refusals}` : 'no error'} while it lasts, no loss after it`,
    async t => {
      const scene = await sceneOf(t, knob)
      const pollers = scene.crowd()
      const walkers = scene.crowd()
      await readToEnd(pollers)
      await steps(walkers, 2)
      scene.failures.length = 0
      await turn(scene.world.simulator, knob)
      for (let round = 0; round < 3; round++) {
        scene.change()
        await steps([...pollers, ...walkers], 4)
      }
      const told = scene.failures.filter(({ status }) => !refusals.includes(status))
      t.same(told, [], 'every request was answered')
      await recover(scene)
      t.same(scene.failures, [], 'every request after it was answered')
      t.same(scene.lost(), [], 'every client has everything')
    }
  )

  t.test(`${name}, while the feed is being filled: what is held is served, no loss`, async t => {
    const scene = await sceneOf(t, knob)
    const [leaders, followers] = [scene.crowd(), scene.crowd()].map(withoutLargePages)
    await steps(followers!, 1)
    await steps(leaders!, 4)
    scene.failures.length = 0
    await turn(scene.world.simulator, knob)
    await steps(followers!, 2)
    const told = scene.failures.splice(0).filter(({ status }) => !refusals.includes(status))
    t.same(told, [], 'those who ask for what is held are answered')
    for (let round = 0; round < 3; round++) {
      scene.change()
      await steps(scene.clients, 3)
    }
    for (const { status, retryAfter } of scene.failures) {
      // Whatever the trouble, it may outlast the budget of a request.
      t.ok([503, ...knob.failures].includes(status), `${status} is what this trouble may become`)
      if (status === 503) t.ok(retryAfter >= 1, 'and when to come again is told')
    }
    if (knob.isLasting) t.ok(scene.failures.length > 0, 'those who ask for more are told')
    await recover(scene)
    t.same(scene.failures, [], 'every request after it was answered')
    t.same(scene.lost(), [], 'every client has everything')
  })
}
