import t, { type Test } from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import {
  defaultFeed,
  type MispGateway,
  noon,
  ownFeed,
  pageCalls,
  startMispGateway
} from '../support/misp/gateway-feeds.ts'
import { download, fetching, uuidsOf } from '../support/misp/http.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { refused } from '../support/misp/refusal.ts'
import { liveUpstream } from '../support/misp-sync.ts'
import { until } from '../support/redis.ts'

/** The gateway from the first request of a MISP on, in good times and bad (INV-9 and INV-16). */

t.setTimeout(300_000)

const dayMs = 86_400_000
const prompt = { MISP_PUBLISH_SECONDS: '5' }

/** A MISP that has the default feed. */
const mispOf = ({ ask, gateway }: MispGateway) =>
  new MispInstance({
    fetch: fetching(ask, '/misp'),
    now: () => Math.floor(gateway.simulator.clock.now() / 1000)
  })

/** Pulls until the MISP detects what Sekoia's feed holds live, and nothing else. */
async function sync(t: Test, misp: MispInstance, simulator: Simulator): Promise<string[]> {
  const local = () => [...misp.liveToIds().keys()].sort()
  const upstream = () => [...liveUpstream(simulator)].sort()
  await until(async () => {
    const { failed, dropped } = await misp.pull()
    if (failed || dropped.length > 0) t.fail(`${failed} ${JSON.stringify(dropped)}`)
    return local().join() === upstream().join()
  })
  t.strictSame(local(), upstream())
  return local()
}

/** An indicator that is valid for so many days. */
function addDomain(simulator: Simulator, domain: string, days: number): string {
  const iso = (ms: number) => new Date(simulator.clock.now() + ms).toISOString()
  const [id = ''] = simulator.add({
    type: 'indicator',
    created: iso(0),
    pattern: `[domain-name:value = '${domain}']`,
    pattern_type: 'stix',
    valid_from: iso(0),
    valid_until: iso(days * dayMs),
    revoked: false
  })
  return id
}

t.test('the first manifest starts the building, and waits for it', async t => {
  const env = { MISP_WALK_SECONDS: '0' }
  const { ask, gateway } = await startMispGateway(t, { env })
  const { key } = gateway.simulator
  const name = 'before anything is published'
  refused(t, await ask(`/misp/${ownFeed}.json`), 404, { name, key })
  const [first, ...others] = await Promise.all(
    Array.from({ length: 10 }, () => ask('/misp/manifest.json'))
  )
  t.equal(first!.status, 200)
  t.ok(uuidsOf(first!).length > 20)
  for (const other of others) t.equal(other.text, first!.text)
  const calls = pageCalls(gateway.simulator)
  const alone = await startMispGateway(t, { env })
  await alone.ask('/misp/manifest.json')
  t.equal(calls, pageCalls(alone.gateway.simulator), 'ten cost Sekoia what one costs')
})

t.test(
  'asking for hashes starts the building too, as caching alone asks for no manifest',
  async t => {
    const { ask, gateway } = await startMispGateway(t, { env: prompt })
    const { simulator } = gateway
    const none = await ask('/misp/hashes.csv')
    refused(t, none, 404, { name: 'hashes.csv', key: simulator.key })
    await until(async () => (await ask('/misp/hashes.csv')).status === 200)
    const before = await ask('/misp/hashes.csv')
    addDomain(simulator, 'new.example.com', 10)
    simulator.clock.advance(15_000)
    await until(async () => (await ask('/misp/hashes.csv')).text !== before.text)
    t.ok((await ask('/misp/hashes.csv')).body.length > before.body.length)
  }
)

t.test('a manifest that does not wait long enough lists nothing, and soon all', async t => {
  const { ask } = await startMispGateway(t, { env: { MISP_FIRST_WAIT_MS: '0' } })
  const first = await ask('/misp/manifest.json')
  t.equal(first.status, 200)
  t.equal(first.text, '{}')
  await until(async () => uuidsOf(await ask('/misp/manifest.json')).length > 0)
  t.ok((await download(ask, '/misp')).size > 20)
})

t.test('a client that does not wait for its first manifest leaves the building alone', async t => {
  const { ask, origin, gateway } = await startMispGateway(t)
  gateway.simulator.faults.once({ kind: 'slow', delayMs: 300, match: '/collections/' }, 3)
  const controller = new AbortController()
  const answer = fetch(`${origin}/misp/manifest.json`, {
    headers: { authorization: `Bearer ${gateway.simulator.key}` },
    signal: controller.signal
  })
  await until(() => gateway.simulator.calls.length > 1)
  controller.abort()
  await t.rejects(answer)
  await until(async () => (await ask('/misp/hashes.csv')).status === 200)
  t.ok((await download(ask, '/misp')).size > 20)
})

t.test('an empty feed is `{}`, for which MISP has nothing to do, and hashes 404', async t => {
  const { ask, gateway } = await startMispGateway(t, { simulator: { objects: 0 } })
  const manifest = await ask('/misp/manifest.json')
  t.equal(manifest.status, 200)
  t.equal(manifest.text, '{}')
  const hashes = await ask('/misp/hashes.csv')
  refused(t, hashes, 404, { name: 'hashes.csv', key: gateway.simulator.key })
  const misp = new MispInstance({ fetch: fetching(ask, '/misp'), now: () => noon / 1000 })
  const { failed, added } = await misp.pull()
  t.strictSame({ failed, added }, { failed: undefined, added: [] })
})

t.test('what changes at Sekoia reaches a MISP with a later publication', async t => {
  const scene = await startMispGateway(t, { env: prompt, simulator: { objects: 0 } })
  const { simulator } = scene.gateway
  const misp = mispOf(scene)
  const [first, second] = ['one.example.com', 'two.example.com'].map(domain =>
    addDomain(simulator, domain, 20)
  )
  await sync(t, misp, simulator)
  simulator.revoke(first!)
  addDomain(simulator, 'three.example.com', 5)
  simulator.edit(second!, { confidence: 12 })
  simulator.clock.advance(15_000)
  t.strictSame(await sync(t, misp, simulator), [
    'domain|three.example.com',
    'domain|two.example.com'
  ])
  simulator.clock.advance(6 * dayMs)
  t.strictSame(await sync(t, misp, simulator), ['domain|two.example.com'], 'one has expired')
})

t.test('with Sekoia down the last publication is served, for as long as it takes', async t => {
  const dataDir = t.testdir()
  const scene = await startMispGateway(t, { env: prompt, store: { dataDir } })
  const { gateway, ask } = scene
  const bases = ['/misp', `/misp/${defaultFeed}`, `/misp/${ownFeed}`]
  const read = (from = ask) => Promise.all(bases.map(base => download(from, base)))
  const published = await read()
  await gateway.simulator.refuse()
  for (const hours of [0, 1, 5]) {
    gateway.simulator.clock.advance(hours * 3_600_000)
    t.strictSame(await read(), published, `${hours} hours later`)
  }
  await gateway.close()

  for (const hours of [6, 12]) {
    const again = await startMispGateway(t, {
      env: prompt,
      store: { dataDir },
      simulator: { now: noon + hours * 3_600_000 }
    })
    await again.gateway.simulator.refuse()
    t.strictSame(await read(again.ask), published, `after a restart ${hours} hours later`)
    await again.gateway.close()
  }
})

t.test('what expires while Sekoia is down loses to_ids all the same (INV-9)', async t => {
  const scene = await startMispGateway(t, { env: prompt, simulator: { objects: 0 } })
  const { simulator } = scene.gateway
  const misp = mispOf(scene)
  addDomain(simulator, 'short.example.com', 1)
  addDomain(simulator, 'long.example.com', 9)
  await sync(t, misp, simulator)
  await simulator.refuse()
  simulator.clock.advance(2 * dayMs)
  t.strictSame(await sync(t, misp, simulator), ['domain|long.example.com'])
})

t.test('with Sekoia down at the first request: 503, and the feed once it is back', async t => {
  const { ask, gateway } = await startMispGateway(t, { env: prompt })
  const { simulator } = gateway
  await simulator.refuse()
  const answer = await ask('/misp/manifest.json')
  const text = refused(t, answer, 503, { name: 'manifest.json', key: simulator.key })
  t.match(text, 'Sekoia cannot be reached')
  await simulator.reopen()
  await until(async () => {
    simulator.clock.advance(11_000)
    return (await ask('/misp/manifest.json')).status === 200
  })
  t.ok((await download(ask, '/misp')).size > 20)
})

t.test('a building that Sekoia’s trouble cuts short goes on by itself', async t => {
  const { ask, gateway } = await startMispGateway(t, {
    env: {
      ...prompt,
      MISP_FIRST_WAIT_MS: '0',
      UPSTREAM_MAX_ATTEMPTS: '1',
      UPSTREAM_PATIENCE_MS: '0'
    },
    simulator: { objects: 9000 }
  })
  const { simulator } = gateway
  const whole = await startMispGateway(t, { simulator: { objects: 9000 } })
  await whole.ask('/misp/manifest.json')
  const all = [...(await download(whole.ask, '/misp')).keys()].sort()
  simulator.faults.rate({ kind: 'status', status: 503, match: 'cursor' })
  await ask('/misp/manifest.json')
  await until(async () => (await ask('/misp/manifest.json')).status === 503)
  simulator.faults.clear()
  simulator.clock.advance(60_000)
  await until(async () => (await ask('/misp/hashes.csv')).status === 200)
  await until(async () => uuidsOf(await ask('/misp/manifest.json')).length === all.length - 2)
  t.strictSame([...(await download(ask, '/misp')).keys()].sort(), all)
})

t.test('switched off, there is none of it', async t => {
  const { ask, gateway } = await startMispGateway(t, { env: { MISP_ENABLED: 'false' } })
  for (const path of ['/misp', '/misp/', '/misp/manifest.json', `/misp/${ownFeed}/manifest.json`])
    t.equal((await ask(path)).status, 404, path)
  t.strictSame(gateway.simulator.calls, [], 'and Sekoia is asked nothing')
  t.equal((await ask('/taxii2/', { headers: { accept: undefined } })).status, 200)
})
