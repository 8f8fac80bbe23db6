import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { type StoredPart, select } from '../../src/stored-data.ts'
import { openStore } from '../../src/stores/open.ts'
import { openRedisStore } from '../../src/stores/redis.ts'
import type { Stores } from '../../src/stores/stores.ts'
import { allOf } from '../contract/log-store.ts'
import { run } from '../support/command.ts'
import { startGateway } from '../support/gateway-process.ts'
import { closeStores, redisOptions, startRedis } from '../support/redis.ts'
import { basic } from '../support/taxii-server.ts'

/** `gateway purge`, on what a gateway has stored for two keys: in a data directory, and in Redis. */

t.setTimeout(240_000)

const defaultFeed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const ownFeed = '11111111-1111-4111-8111-111111111111'
const keys = ['key-of-ann', 'key-of-bob'] as const
type Env = Readonly<Record<string, string>>

/** Everything by its name: logs with their heads and bodies, spaces with their versions. */
async function contentOf(stores: Stores): Promise<Map<string, string>> {
  const content = new Map<string, string>()
  for (const name of await allOf(stores.log.names())) {
    const journal = await stores.log.load(name)
    const bodies = await Promise.all(
      (journal?.heads ?? []).map(({ no }) => stores.log.readBody(name, no))
    )
    content.set(name, JSON.stringify([journal, bodies]))
  }
  for (const name of await allOf(stores.documents.names()))
    content.set(name, String(await stores.documents.version(name)))
  return content
}

/** A gateway that two keys have used in every way, and that is gone. */
async function fill(t: Test, env: Env): Promise<{ scopes: readonly string[] }> {
  const feeds = [{ id: ownFeed, title: 'of both', sort_order: 'asc' as const }]
  const simulator = await startSimulator({ objects: 300, feeds })
  for (const key of keys) simulator.putKey(key, { feeds: [ownFeed] })
  const told = { ...env, SEKOIA_URL: simulator.url, MISP_PUBLISH_SECONDS: '5' }
  const gateway = await startGateway(t, told)
  const paths = [
    `/sekoia/collections/${defaultFeed}/objects/`,
    `/sekoia/collections/${defaultFeed}/objects/?match[type]=indicator`,
    `/sekoia/collections/${ownFeed}/objects/`,
    `/sekoia/collections/${ownFeed}/objects/?match[type]=indicator`,
    '/sekoia/collections/',
    `/misp/${ownFeed}/manifest.json`,
    '/v2/inthreat/indicators?value=bad.example&type=domain-name'
  ]
  for (const key of keys)
    for (const path of paths) {
      const headers = { authorization: basic('any', key) }
      const reply = await fetch(gateway.url + path, { headers })
      t.equal(reply.status, 200, path)
      await reply.arrayBuffer()
    }
  const { stdout } = await gateway.stop()
  await simulator.close()
  const lines = stdout.split('\n').filter(line => line.includes('"scope"'))
  const scopes = [...new Set(lines.map(line => String(JSON.parse(line).scope)))]
  t.equal(scopes.length, 2)
  return { scopes }
}

const kinds = {
  'a data directory': async (t: Test) => {
    const dataDir = t.testdir()
    const open = () =>
      openStore({
        dataDir,
        bodyMaxBytes: 2 ** 30,
        memoryMaxBytes: 0,
        clock: { now: () => Date.now() },
        logger: { info: () => {}, error: () => {} }
      })
    return { env: { DATA_DIR: dataDir, ACCESS_SECRET: 'a secret of this test, 32 letters' }, open }
  },
  Redis: async (t: Test) => {
    const { port } = await startRedis(t)
    const keyPrefix = 'purge[1]*:'
    const env = {
      REDIS_URL: `redis://127.0.0.1:${port}`,
      REDIS_KEY_PREFIX: keyPrefix,
      ACCESS_SECRET: 'a secret of this test, 32 letters'
    }
    return { env, open: () => openRedisStore(redisOptions(port, { keyPrefix })) }
  }
}

for (const [name, make] of Object.entries(kinds))
  t.test(`${name}: what is named goes, and nothing else`, async t => {
    const { env, open } = await make(t)
    const { scopes } = await fill(t, env)
    const look = async () => {
      const stores = await open()
      const content = await contentOf(stores)
      await closeStores(stores)
      return content
    }
    const purge = (...args: string[]) => run(['purge', ...args], env)
    const filled = await look()
    const [ann = '', bob = ''] = scopes
    const of = (scope: string, content = filled) =>
      [...content].filter(([log]) => log.includes(`:${scope}`))
    t.ok(
      of(ann).length >= 8,
      of(ann)
        .map(([log]) => log)
        .join(' ')
    )

    const dry = await purge('--scope', ann)
    t.equal(dry.code, 0)
    t.match(dry.out, /^Nothing was removed: say --yes to remove this\.$/m)
    t.equal(dry.err, '')
    t.strictSame(await look(), filled, 'a dry run changes nothing')

    const old = JSON.parse((await purge('--older-than', '1', '--yes', '--json')).out)
    t.strictSame(old, { removed: true, parts: [], keys: [] }, 'all of it is in use')
    t.strictSame(await look(), filled)

    const feed = await purge('--feed', ownFeed, '--scope', ann, '--yes')
    t.match(feed.out, /^All of this is removed\.$/m)
    const withoutFeed = await look()
    t.strictSame(of(bob, withoutFeed), of(bob), 'another key keeps its own')
    const gone = of(ann).filter(([log]) => !withoutFeed.has(log))
    t.equal(gone.filter(([log]) => /^v1:[^:]*:[0-9a-f]{32}$/.test(log)).length, 2, 'both its logs')
    t.equal(gone.filter(([log]) => log.startsWith('misp1:')).length, 1)
    const told = JSON.parse(feed.err)
    t.match(told, {
      msg: 'audit',
      event: 'purge',
      scope: ann,
      feed: ownFeed,
      logs: 2,
      mispFeeds: 1
    })
    t.match(told, { keys: 0, user: /./ })

    const whole = await purge('--scope', ann, '--yes')
    t.match(whole.out, new RegExp(`^key +${ann} `, 'm'))
    const left = await look()
    t.strictSame(of(ann, left), [])
    t.strictSame(of(bob, left), of(bob))

    const later = JSON.parse((await purge('--older-than', '0', '--yes', '--json')).out)
    t.strictSame(later.keys, [bob])
    t.strictSame(of(bob, await look()), [])
    t.equal((await purge('--feed', ownFeed)).out, 'Nothing is stored that meets this.')
  })

t.test('what cannot be done is said, with code 2', async t => {
  const dataDir = t.testdir()
  const env = { DATA_DIR: dataDir }
  t.match(await run(['purge', '--feed', 'x'], env), { code: 2, err: /holds no database$/ })
  const stores = await openStore({
    dataDir,
    bodyMaxBytes: 1000,
    memoryMaxBytes: 0,
    clock: { now: () => Date.now() },
    logger: { info: () => {}, error: () => {} }
  })
  const scope = (end: string) => `abcdef01${'0'.repeat(23)}${end}`
  for (const end of ['1', '2'])
    await stores.log.commit(`v1:${scope(end)}:${'1'.repeat(32)}`, {
      expectedVersion: 0,
      state: Buffer.from('no journal'),
      heads: [],
      bodies: []
    })
  await closeStores(stores)
  for (const [args, reason] of [
    [[], /^say what to remove/],
    [['--older-than', 'soon'], /^--older-than is a number/],
    [['--scope', 'abc'], /^--scope is the first 8 digits/],
    [['--scope', 'abcdef01'], /^several scopes begin with abcdef01/],
    [['--scope', '00000000'], /^nothing is stored for a scope/]
  ] as const)
    t.match(await run(['purge', ...args, '--yes'], env), { code: 2, out: '', err: reason })
  const one = await run(['purge', '--scope', scope('1'), '--yes', '--json'], env)
  t.match(JSON.parse(one.out), { parts: [{ scope: 'abcdef01', feed: null, lastUsed: null }] })
})

t.test('of a key that still uses something, only what it no longer uses goes', async t => {
  const part = (scope: string, name: string, usedAt: number): StoredPart => ({
    kind: 'log',
    name,
    scope,
    feedId: name,
    usedAt
  })
  const parts = [part('ann', 'a', 1), part('ann', 'b', 9), part('bob', 'c', 2)]
  const others = new Map(['ann', 'bob', 'cyd'].map(scope => [scope, []]))
  const { parts: selected, scopes } = select({ parts, others }, { before: 5 })
  t.strictSame(
    selected.map(({ name }) => name),
    ['a', 'c']
  )
  t.strictSame(scopes, ['bob'], 'nor is a key touched whose last use is not known')
})

t.test('a gateway that runs meanwhile loses no object, and gives those that come', async t => {
  const simulator = await startSimulator({ objects: 300 })
  t.teardown(() => simulator.close())
  const env = { DATA_DIR: t.testdir(), SEKOIA_URL: simulator.url, FEED_LOG_TIP_SECONDS: '1' }
  const gateway = await startGateway(t, env)
  const page = async (query: string) => {
    const url = `${gateway.url}/sekoia/collections/${defaultFeed}/objects/?limit=1000&${query}`
    const reply = await fetch(url, { headers: { authorization: basic('any', simulator.key) } })
    t.equal(reply.status, 200)
    const { objects } = (await reply.json()) as { objects: { id: string }[] }
    return { ids: objects.map(({ id }) => id), last: reply.headers.get('x-taxii-date-added-last') }
  }
  const { ids, last } = await page('')
  t.equal(ids.length, 300)
  t.equal((await run(['purge', '--feed', defaultFeed, '--yes'], env)).code, 0)
  const added = simulator.add(3)
  const got = new Set<string>()
  while (!added.every(id => got.has(id))) {
    for (const id of (await page(`added_after=${last}`)).ids) got.add(id)
    await setTimeout(200)
  }
  const again = new Set((await page('')).ids)
  t.ok([...ids, ...added].every(id => again.has(id)))
})
