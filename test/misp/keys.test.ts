import t from 'tap'
import type { KeyState } from '../../src/demo/access.ts'
import { defaultFeed, noon, ownFeed, startMispGateway } from '../support/misp/gateway-feeds.ts'
import { type Ask, asking, download, uuidsOf } from '../support/misp/http.ts'
import { refused } from '../support/misp/refusal.ts'
import { until } from '../support/redis.ts'

/** A publication belongs to the key it was made for, as long as Sekoia accepts it (G5, G6; INV-18). */

t.setTimeout(120_000)

const rightsMs = 300_000
const other = 'another-key'

/** Paths of the manifest, of the first events and of the hashes. */
async function some(ask: Ask, base: string): Promise<string[]> {
  const uuids = uuidsOf(await ask(`${base}/manifest.json`)).slice(0, 3)
  return ['manifest.json', 'hashes.csv', ...uuids.map(uuid => `${uuid}.json`)].map(
    file => `${base}/${file}`
  )
}

const refusals: readonly (readonly [string, Partial<KeyState>, number])[] = [
  ['revoked', { status: 'revoked' }, 401],
  ['expired', { status: 'expired' }, 401],
  ['stripped of its permission', { permissions: [] }, 403]
]

for (const [what, state, status] of refusals) {
  t.test(`a key ${what} loses what is published within rightsSeconds; others do not`, async t => {
    const { gateway, origin, ask } = await startMispGateway(t)
    const { simulator } = gateway
    simulator.putKey(other)
    const askOther = asking(t, origin, other)
    const paths = [...(await some(ask, '/misp')), ...(await some(ask, `/misp/${ownFeed}`))]
    const theirs = await download(askOther, '/misp')
    const tags = new Map<string, string>()
    for (const path of paths) tags.set(path, String((await ask(path)).headers['etag']))

    simulator.putKey(simulator.key, state)
    simulator.clock.advance(rightsMs)
    for (const [path, tag] of tags) {
      for (const held of [undefined, tag, '*']) {
        const answer = await ask(path, { headers: { 'if-none-match': held } })
        refused(t, answer, status, { name: `${path} ${held}`, key: simulator.key })
      }
    }
    t.strictSame(await download(askOther, '/misp'), theirs, 'the other key’s are there')
  })
}

t.test('a key that Sekoia does not know any more is told nothing of its feeds either', async t => {
  const { gateway, ask } = await startMispGateway(t)
  const { simulator } = gateway
  await ask('/misp/manifest.json')
  t.match((await ask('/misp/')).text, ownFeed)
  simulator.putKey(simulator.key, { status: 'revoked' })
  simulator.clock.advance(rightsMs)
  const { key } = simulator
  refused(t, await ask('/misp/'), 401, { name: 'the list', key })
})

t.test('a feed of which a key lost the right alone: 404, and the others stay', async t => {
  const { gateway, ask } = await startMispGateway(t)
  const { simulator } = gateway
  const files = await download(ask, `/misp/${ownFeed}`)
  await download(ask, '/misp')
  simulator.putKey(simulator.key, { feeds: [] })
  simulator.clock.advance(rightsMs)
  for (const file of files.keys())
    t.equal((await ask(`/misp/${ownFeed}/${file}`)).status, 404, file)
  t.ok((await download(ask, '/misp')).size > 20)
})

t.test('a key that is accepted again gets its publication back, and what came since', async t => {
  const { gateway, ask } = await startMispGateway(t, { env: { MISP_PUBLISH_SECONDS: '5' } })
  const { simulator } = gateway
  const before = await download(ask, '/misp')
  simulator.putKey(simulator.key, { status: 'revoked' })
  simulator.clock.advance(rightsMs)
  t.equal((await ask('/misp/manifest.json')).status, 401)
  simulator.putKey(simulator.key, { status: 'ok' })
  simulator.add(50)
  simulator.clock.advance(15_000)
  t.equal((await ask('/misp/hashes.csv')).text, before.get('hashes.csv'))
  await until(async () => {
    const { text } = await ask('/misp/manifest.json')
    return text !== before.get('manifest.json')
  })
  const after = await download(ask, '/misp')
  for (const name of before.keys()) t.ok(after.has(name), name)
})

t.test('another key never gets what was published for the first one, nor 304 (G5)', async t => {
  const { gateway, origin, ask } = await startMispGateway(t)
  const { simulator } = gateway
  simulator.putKey(other)
  const files = await download(ask, '/misp')
  const tags = new Map<string, string>()
  for (const path of await some(ask, '/misp'))
    tags.set(path, String((await ask(path)).headers['etag']))
  simulator.calls.length = 0

  const askOther = asking(t, origin, other)
  const [event = ''] = [...tags.keys()].slice(-1)
  for (const path of [event, '/misp/hashes.csv']) {
    const held = { 'if-none-match': tags.get(path) }
    refused(t, await askOther(path, { headers: held }), 404, { name: path, key: other })
  }
  const theirs = await download(askOther, '/misp')
  t.strictSame([...theirs.keys()].sort(), [...files.keys()].sort(), 'its own has the same names')
  for (const [path, tag] of tags) {
    const answer = await askOther(path, { headers: { 'if-none-match': tag } })
    t.equal(answer.status, 200, `the first key’s tag of ${path}`)
    t.not(answer.headers['etag'], tag)
  }
  const askers = new Set(simulator.calls.map(({ key }) => key))
  t.strictSame([...askers], [other], 'all of it was asked for with its own key')
})

t.test('a key that sees less is shown less, under the same URL', async t => {
  const { gateway, origin, ask } = await startMispGateway(t)
  const { simulator } = gateway
  const listed = uuidsOf(await ask(`/misp/${ownFeed}/manifest.json`))
  simulator.putKey(other, { feeds: [] })
  const askOther = asking(t, origin, other)
  await askOther('/misp/manifest.json')
  for (const uuid of listed.slice(0, 5))
    for (const path of [`/misp/${ownFeed}/${uuid}.json`, `/misp/${uuid}.json`])
      t.equal((await askOther(path)).status, 404, path)
})

t.test('with Sekoia down, a key that was never accepted gets nothing (G7)', async t => {
  const { gateway, origin, ask } = await startMispGateway(t)
  const { simulator } = gateway
  const files = await download(ask, '/misp')
  await simulator.refuse()
  simulator.clock.set(noon + 10 * rightsMs)
  const askStranger = asking(t, origin, 'stranger-key')
  for (const path of await some(ask, '/misp')) {
    const answer = await askStranger(path)
    t.ok(answer.status >= 400, path)
    refused(t, answer, answer.status, { name: path, key: 'stranger-key' })
  }
  t.equal((await askStranger('/misp/')).status, 503)
  t.equal((await askStranger(`/misp/${defaultFeed}/manifest.json`)).status, 503)
  t.strictSame(await download(ask, '/misp'), files, 'the one that was has its own')
})

t.test('a refused key stays refused while Sekoia cannot be asked again', async t => {
  const dataDir = t.testdir()
  const first = await startMispGateway(t, { store: { dataDir } })
  const { simulator } = first.gateway
  await download(first.ask, '/misp')
  simulator.putKey(simulator.key, { status: 'revoked' })
  simulator.clock.advance(rightsMs)
  t.equal((await first.ask('/misp/manifest.json')).status, 401)
  await simulator.refuse()
  simulator.clock.advance(rightsMs)
  t.equal((await first.ask('/misp/manifest.json')).status, 401)
  await first.gateway.close()
  const again = await startMispGateway(t, {
    store: { dataDir },
    simulator: { now: noon + 3 * rightsMs }
  })
  await again.gateway.simulator.refuse()
  for (const file of ['manifest.json', 'hashes.csv'])
    t.equal((await again.ask(`/misp/${file}`)).status, 401, 'a restart is no yes')
})
