import t from 'tap'
import type { Coverage } from '../../src/misp/events/tally.ts'
import {
  defaultFeed,
  inCsv,
  newestFirst,
  noon,
  ownFeed,
  slowPages,
  startMispGateway
} from '../support/misp/gateway-feeds.ts'
import { type Ask, asking, download, uuidsOf } from '../support/misp/http.ts'
import { until } from '../support/redis.ts'

/** `GET /misp/`: the feeds of a key, and how far each has come. */

t.setTimeout(120_000)

interface Listed {
  readonly id: string
  readonly url: string
  readonly title: string
  readonly status: string
  readonly [fact: string]: unknown
}

async function list(ask: Ask, headers: Record<string, string> = {}): Promise<Listed[]> {
  const { status, text } = await ask('/misp/', { headers })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text).feeds
}

/** What is said of one feed. */
async function entry(ask: Ask, feed = defaultFeed): Promise<Listed> {
  const found = (await list(ask)).find(({ id }) => id === feed)
  if (!found) throw new Error(`${feed} is not listed`)
  return found
}

const pathOf = ({ url }: Listed): string => new URL(url).pathname

t.test('each feed of the key is there, with the URL that MISP is given', async t => {
  const { ask, origin } = await startMispGateway(t)
  const listed = await list(ask)
  t.strictSame(listed.map(({ id }) => id).sort(), [defaultFeed, ownFeed, newestFirst, inCsv].sort())
  for (const { id, url, title } of listed) {
    t.equal(url, `${origin}/misp/${id}`)
    t.ok(title.length > 0)
  }
  for (const feed of [defaultFeed, ownFeed])
    t.ok((await download(ask, pathOf(await entry(ask, feed)))).size > 20, feed)
})

t.test('the URL is that of clients: a proxy’s, or a public one with its path', async t => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ti.example.com' }
  for (const [env, headers, base] of [
    [{ SERVER_TRUST_PROXY: 'true' }, forwarded, 'https://ti.example.com/misp/'],
    [{}, { host: 'ti.example.com:8080' }, 'http://ti.example.com:8080/misp/'],
    [{ PUBLIC_URL: 'https://ti.example.com/feeds/' }, {}, 'https://ti.example.com/feeds/misp/'],
    [
      { PUBLIC_URL: 'https://ti.example.com', SERVER_TRUST_PROXY: 'true' },
      { 'x-forwarded-host': 'other.example.com' },
      'https://ti.example.com/misp/'
    ]
  ] as const) {
    const { ask } = await startMispGateway(t, { env })
    for (const { id, url } of await list(ask, headers)) t.equal(url, `${base}${id}`)
  }
  const { ask, origin } = await startMispGateway(t)
  for (const { url } of await list(ask, forwarded))
    t.ok(url.startsWith(origin), 'nobody is trusted')
})

t.test('G12: a feed that cannot be read is not listed', async t => {
  const { ask, gateway } = await startMispGateway(t)
  gateway.simulator.switches.formatParameter = 'ignored'
  const ids = (await list(ask)).map(({ id }) => id)
  t.ok(ids.includes(ownFeed))
  t.notOk(ids.includes(inCsv))
})

t.test('before anybody asks, in sync, and behind: a feed says where it stands', async t => {
  const { ask, gateway } = await startMispGateway(t, { env: { MISP_PUBLISH_SECONDS: '5' } })
  const { simulator } = gateway
  t.equal((await entry(ask)).status, 'not asked for yet')
  await ask('/misp/manifest.json')
  t.equal((await entry(ask, ownFeed)).status, 'not asked for yet', 'the other one')

  const files = await download(ask, '/misp')
  const events = [...files].flatMap(([name, text]) =>
    /^[0-9a-f]/.test(name) && name.endsWith('.json') ? [JSON.parse(text).Event] : []
  )
  const inObjects = events.flatMap(({ Object: objects }) => objects)
  const attributes = [...events, ...inObjects].flatMap(({ Attribute }) => Attribute)
  t.match(await entry(ask), {
    status: 'in sync',
    events: uuidsOf({ text: files.get('manifest.json')! }).length,
    attributes: attributes.length,
    lastPublication: new Date(noon).toISOString(),
    objectsRead: simulator.size
  })
  t.notOk('secondsLeft' in (await entry(ask)))

  await simulator.refuse()
  simulator.clock.advance(60_000)
  await until(async () => (await entry(ask)).status === 'behind')
  t.match(await entry(ask), { problem: 'Sekoia cannot be reached for now', events: events.length })
  await simulator.reopen()
  simulator.clock.advance(60_000)
  await until(async () => (await entry(ask)).status === 'in sync')
  t.notOk('problem' in (await entry(ask)))
})

t.test(
  'the whole sum: what is detected, what is not and why, to clients and in metrics',
  async t => {
    const env = { MISP_WINDOW_DAYS: '30' }
    const { ask, gateway } = await startMispGateway(t, { env })
    const { simulator, meter } = gateway
    const add = (created: number, members: object) =>
      simulator.add({
        type: 'indicator',
        created: new Date(noon - created * 86_400_000).toISOString(),
        pattern_type: 'stix',
        valid_until: undefined,
        revoked: false,
        ...members
      })
    add(1, { pattern: "[file:name = 'setup.exe']" })
    add(1, { pattern: "[x-odd:value = 'a']" })
    add(1, { pattern: undefined })
    add(40, { pattern: "[url:value = 'http://old.example.com/']" })
    t.notOk('coverage' in (await entry(ask)))
    await ask('/misp/manifest.json')
    await until(async () => (await entry(ask)).status === 'in sync')
    t.match(await entry(ask), { hashesLeftOut: 0 })
    const coverage = (await entry(ask))['coverage'] as Coverage & { changedSince: string }
    t.equal(coverage.changedSince, '2025-12-16')
    t.equal(coverage.skipped['no-pattern'], 1)
    t.ok(coverage.context >= 1 && coverage.outsideWindow >= 1)
    t.ok(coverage.fallback['unknown-object']! >= 1)
    const total = (counts: Coverage['fallback']) => Object.values(counts).reduce((a, b) => a + b, 0)
    const { live, toIds, context, fallback, skipped, outsideWindow } = coverage
    t.equal(toIds + context + outsideWindow + total(fallback) + total(skipped), live)
    const now = simulator.clock.now()
    const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
    const isLive = (id: string) => {
      const object = simulator.get(id)!
      const [from, until] = ['valid_from', 'valid_until'].map(name => Date.parse(`${object[name]}`))
      return object['revoked'] !== true && !(until! <= now && !(until! <= from!))
    }
    t.equal(live, indicators.filter(({ id }) => isLive(id)).length)

    const samples = [...(await meter.text()).matchAll(/misp_indicators\{(.*)\} (\d+)/g)].map(
      ([, labels = '', value]) =>
        [labels.replace(`feed="${defaultFeed}",`, ''), Number(value)] as const
    )
    t.equal(
      samples.reduce((sum, [, value]) => sum + value, 0),
      live
    )
    t.same(new Map(samples).get('fate="skipped",reason="no-pattern"'), 1)
    t.same(new Map(samples).get('fate="to_ids",reason=""'), toIds)
  }
)

t.test('answers say whether they are of now: X-Cache and Age', async t => {
  const { ask, gateway } = await startMispGateway(t, { env: { MISP_PUBLISH_SECONDS: '5' } })
  const { simulator } = gateway
  const told = async (path: string) => {
    const { headers } = await ask(path)
    return [headers['x-cache'], headers['age']]
  }
  t.same(await told('/misp/'), ['hit', undefined])
  const manifest = await ask('/misp/manifest.json')
  t.equal(manifest.headers['x-cache'], 'hit')
  await until(async () => (await told('/misp/manifest.json'))[1] === '0')
  t.same(await told(`/misp/${uuidsOf(manifest)[0]}.json`), ['hit', undefined])
  t.same(await told('/misp/hashes.csv'), ['hit', '0'])
  await simulator.refuse()
  simulator.clock.advance(60_000)
  await until(async () => (await told('/misp/manifest.json'))[0] === 'stale')
  t.ok(Number((await told('/misp/hashes.csv'))[1]) >= 60)
  await simulator.reopen()
  const empty = await startMispGateway(t, { env: { MISP_FIRST_WAIT_MS: '0' } })
  const none = await empty.ask('/misp/manifest.json')
  t.same([none.text, none.headers['x-cache'], none.headers['age']], ['{}', 'miss', undefined])
})

t.test('a first build says what it has done, how fast, and how long it may still take', async t => {
  const objects = 14_000
  const { ask, gateway } = await startMispGateway(t, {
    env: { MISP_FIRST_WAIT_MS: '0' },
    simulator: { objects, historyDays: 90 }
  })
  const { simulator } = gateway
  slowPages(simulator, 1, 500)
  await ask('/misp/manifest.json')
  t.match(await entry(ask), { status: 'first build' })
  const seen: Listed[] = []
  await until(async () => {
    const now = await entry(ask)
    if ('secondsLeft' in now && seen.at(-1)?.['objectsRead'] !== now['objectsRead']) seen.push(now)
    return seen.length > 1
  })
  for (const { status, objectsRead, objectsPerSecond, readUpTo, secondsLeft } of seen) {
    t.equal(status, 'first build')
    t.ok(Number(objectsRead) > 0 && Number(objectsRead) < objects)
    t.ok(Number(objectsPerSecond) > 0)
    t.ok(Date.parse(String(readUpTo)) < simulator.clock.now())
    t.ok(Number(secondsLeft) > 0)
  }
  const [early, late] = seen as [Listed, Listed]
  t.ok(Number(late['objectsRead']) > Number(early['objectsRead']))
  t.ok(String(late['readUpTo']) > String(early['readUpTo']))

  const partial = uuidsOf(await ask('/misp/manifest.json'))
  t.ok(partial.length > 0, 'and what is built is listed')
  for (const uuid of partial) t.equal((await ask(`/misp/${uuid}.json`)).status, 200)
  await until(async () => (await entry(ask)).status === 'in sync')
  t.ok(uuidsOf(await ask('/misp/manifest.json')).length > partial.length)
})

t.test('each key has its own: what one has built says nothing to another', async t => {
  const { ask, origin, gateway } = await startMispGateway(t)
  const stranger = 'stranger-key'
  gateway.simulator.putKey(stranger, { feeds: [ownFeed] })
  await ask('/misp/manifest.json')
  await ask(`/misp/${ownFeed}/manifest.json`)
  const theirs = await list(asking(t, origin, stranger))
  t.strictSame(theirs.map(({ id }) => id).sort(), [defaultFeed, ownFeed].sort())
  for (const { id, status } of theirs) t.equal(status, 'not asked for yet', id)
})

for (const prefix of ['feed--', 'ioc-collection--']) {
  t.test(`a ${prefix} id: its URL is good with Sekoia down after a restart, too`, async t => {
    const uuid = '6f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
    const options = {
      store: { dataDir: t.testdir() },
      simulator: { feeds: [{ id: `${prefix}${uuid}`, sort_order: 'asc' as const }] }
    }
    const first = await startMispGateway(t, options)
    const path = pathOf(await entry(first.ask, uuid))
    const files = await download(first.ask, path)
    t.ok(files.size > 20)
    t.strictSame(await download(first.ask, `/misp/${uuid}`), files, 'the bare UUID is good too')
    await first.gateway.close()
    const again = await startMispGateway(t, options)
    await again.gateway.simulator.refuse()
    t.strictSame(await download(again.ask, path), files)
  })
}
