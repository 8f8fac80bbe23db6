import { join } from 'node:path'
import t from 'tap'
import { parseBuildKeys } from '../../src/config/build-keys.ts'
import { defaultFeed, nowhere, ownFeed, startMispGateway } from '../support/misp/gateway-feeds.ts'
import { asking, download, uuidsOf } from '../support/misp/http.ts'
import { until } from '../support/redis.ts'

/** MISP_BUILD_KEYS: feeds that the operator has built without anybody asking for them. */

t.setTimeout(120_000)

const key = 'operators-own-key-0123456789'
const feeds = `${defaultFeed}=${key},${ownFeed}=${key}`

t.test('entries are apart by commas or white space; a key may hold an equals sign', async t => {
  t.strictSame(parseBuildKeys(''), [])
  t.strictSame(parseBuildKeys(`a=k1, b=k2\n\nc=k3==\n`), [
    { feed: 'a', key: 'k1' },
    { feed: 'b', key: 'k2' },
    { feed: 'c', key: 'k3==' }
  ])
})

t.test('they are built at the start: the first manifest is complete without waiting', async t => {
  const env = { MISP_BUILD_KEYS: feeds, MISP_FIRST_WAIT_MS: '0' }
  const { ask, gateway } = await startMispGateway(t, { env, simulator: { key } })
  const entries = async () => JSON.parse((await ask('/misp/')).text).feeds
  await until(async () => {
    const built = (await entries()).filter(({ status }: { status: string }) => status === 'in sync')
    return built.length === 2
  })
  for (const feed of [defaultFeed, ownFeed])
    t.ok((await download(ask, `/misp/${feed}`)).size > 20, feed)
  t.notMatch(gateway.logText(), key)
  t.notMatch(await gateway.meter.text(), key)
})

t.test('they are kept up to date when nobody asks for longer than MISP_IDLE_SECONDS', async t => {
  const env = { MISP_BUILD_KEYS: feeds, MISP_IDLE_SECONDS: '60', MISP_PUBLISH_SECONDS: '5' }
  const { ask, gateway } = await startMispGateway(t, { env, simulator: { key } })
  const { simulator, meter } = gateway
  const published = async () =>
    Number(/misp_publications_total (\d+)/.exec(await meter.text())?.[1] ?? 0)
  await until(async () => (await published()) >= 2)
  const before = await published()
  simulator.add(5)
  simulator.clock.advance(50_000)
  await until(async () => (await published()) > before)
  t.ok(uuidsOf(await ask('/misp/manifest.json')).length > 20)
})

t.test(
  'a key by file; one that Sekoia refuses stops nothing, and is told once, without it',
  async t => {
    const bad = 'a-key-that-nobody-knows-987'
    const dataDir = t.testdir({
      keys: `${nowhere}=${key}\n${defaultFeed}=${bad}\n${ownFeed}=${key}\n`
    })
    const env = { MISP_BUILD_KEYS_FILE: join(dataDir, 'keys') }
    const { ask, gateway } = await startMispGateway(t, {
      env,
      simulator: { key },
      store: { dataDir }
    })
    await until(async () => {
      const { feeds } = JSON.parse((await ask('/misp/')).text)
      return feeds.find(({ id }: { id: string }) => id === ownFeed).status === 'in sync'
    })
    const told = () =>
      gateway.lines.filter(({ msg }) => msg === 'a feed of misp.buildKeys cannot be built for now')
    await until(async () => told().length === 2)
    t.same(
      told()
        .map(({ feed }) => feed)
        .sort(),
      [defaultFeed, nowhere].sort()
    )
    for (const secret of [key, bad]) t.notMatch(gateway.logText(), secret)
  }
)

t.test('with Sekoia down at the start they are built once it is back', async t => {
  const env = { MISP_BUILD_KEYS: feeds, MISP_FIRST_WAIT_MS: '0' }
  const options = { env, simulator: { key }, store: { dataDir: t.testdir() } }
  const first = await startMispGateway(t, options)
  const list = async (ask: typeof first.ask) => {
    const { status, text } = await ask('/misp/')
    return { status, feeds: status === 200 ? JSON.parse(text).feeds : [] }
  }
  const isBuilt = async (ask: typeof first.ask) =>
    (await list(ask)).feeds.filter(({ status }: { status: string }) => status === 'in sync')
      .length === 2
  await until(() => isBuilt(first.ask))
  const held = await list(first.ask)
  await first.gateway.close()

  const again = await startMispGateway(t, options)
  const { simulator } = again.gateway
  await simulator.refuse()
  const { status, feeds: listed } = await list(asking(t, again.origin, key))
  t.equal(status, 200, 'the list answers from what is held')
  t.same(
    listed.map(({ id, attributes, coverage }: Record<string, unknown>) => [
      id,
      attributes,
      coverage
    ]),
    held.feeds.map(({ id, attributes, coverage }: Record<string, unknown>) => [
      id,
      attributes,
      coverage
    ])
  )
  t.ok((await download(again.ask, '/misp')).size > 20)
  await simulator.reopen()
  await until(() => isBuilt(again.ask))
})
