import t, { type Test } from 'tap'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { type Ask, asking, fetching } from '../support/misp/http.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { liveUpstream } from '../support/misp-sync.ts'
import { until } from '../support/redis.ts'

/** Two gateway processes on one data directory. */

t.setTimeout(200_000)

interface Group {
  readonly simulator: Simulator
  readonly one: GatewayProcess
  readonly other: GatewayProcess
}

async function start(t: Test): Promise<Group> {
  const simulator = await startSimulator({ objects: 300, historyDays: 30, bloat: false })
  t.teardown(() => simulator.close())
  const env = {
    SEKOIA_URL: simulator.url,
    DATA_DIR: t.testdir(),
    ACCESS_SECRET: 'the same in both processes on this directory',
    FEED_LOG_TIP_SECONDS: '1',
    MISP_PUBLISH_SECONDS: '5',
    MISP_WALK_SECONDS: '0'
  }
  return { simulator, one: await startGateway(t, env), other: await startGateway(t, env) }
}

const timestampsOf = (text: string): Map<string, number> =>
  new Map(
    Object.entries<{ timestamp: string }>(JSON.parse(text)).map(([uuid, { timestamp }]) => [
      uuid,
      Number(timestamp)
    ])
  )

t.test('no event is older than the manifest that either of them served', async t => {
  const { simulator, one, other } = await start(t)
  const [ask, askOther] = [asking(t, one.url, simulator.key), asking(t, other.url, simulator.key)]
  let listed = timestampsOf((await ask('/misp/manifest.json')).text)
  // The other one holds all of them now, and never builds: nobody asks it for a manifest.
  for (const uuid of listed.keys()) await askOther(`/misp/${uuid}.json`)
  for (let round = 0; round < 3; round++) {
    const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
    simulator.revoke(indicators[round]!.id)
    const before = listed
    const changed = () => [...listed.keys()].filter(uuid => listed.get(uuid) !== before.get(uuid))
    await until(async () => {
      listed = timestampsOf((await ask('/misp/manifest.json')).text)
      return changed().length > 0
    })
    for (const uuid of changed()) {
      const { Event: event } = JSON.parse((await askOther(`/misp/${uuid}.json`)).text)
      t.ok(Number(event.timestamp) >= listed.get(uuid)!, 'the other gives what the one listed')
    }
  }
})

t.test(
  'a MISP that asks them in turn is in sync, and neither takes the other for trouble',
  async t => {
    const { simulator, one, other } = await start(t)
    const asks = [one, other].map(({ url }) => asking(t, url, simulator.key))
    let requests = 0
    const inTurn: Ask = (path, options) => asks[requests++ % 2]!(path, options)
    const misp = new MispInstance({
      fetch: fetching(inTurn, '/misp'),
      now: () => Math.floor(Date.now() / 1000)
    })
    for (let round = 0; round < 2; round++) {
      simulator.add(20)
      await until(async () => {
        await misp.pull()
        const live = liveUpstream(simulator)
        const local = misp.liveToIds()
        return live.size === local.size && [...live].every(value => local.has(value))
      })
    }
    for (const ask of asks) {
      const { text } = await ask('/metrics')
      t.notMatch(text, /misp_rounds_failed_total\{[^}]*\} [1-9]/)
      t.notMatch(text, /store_errors_total\{[^}]*\} [1-9]/)
    }
  }
)
