import t from 'tap'
import { type CatalogOptions, createCatalog } from '../../src/feeds/catalog.ts'
import { type ErrorKind, GatewayError } from '../../src/kernel/errors.ts'
import { type Feed, systemClock } from '../../src/kernel/ports.ts'
import { pageOf } from '../support/bodies.ts'
import { failure } from '../support/failure.ts'
import { catalogOptions, defaultFeedId, feedOf, uuid } from '../support/feeds.ts'
import { caller, callerOf, summingMeter } from '../support/sekoia-client.ts'

/** A catalog over an upstream that answers with `state.feeds`, or fails with `state.failure`. */
function given(feeds: Feed[], options: Partial<CatalogOptions> = {}) {
  const state = { feeds, failure: undefined as ErrorKind | undefined, calls: 0, now: 0 }
  const meter = summingMeter()
  const upstream = {
    async feeds() {
      state.calls++
      if (state.failure) throw new GatewayError(state.failure)
      return state.feeds
    },
    page: async () => pageOf([])
  }
  const clock = { ...systemClock, now: () => state.now }
  const catalog = createCatalog({
    upstream,
    ...catalogOptions,
    clock,
    meter,
    ...options
  })
  return { catalog, state, sums: meter.sums }
}

/** Lets a renewal behind an answer come to its end. */
const renewal = () => new Promise(resolve => setImmediate(resolve))

const titlesOf = async (feeds: Feed[], options?: Partial<CatalogOptions>) =>
  (await given(feeds, options).catalog.list(caller)).map(({ title }) => title)

t.test('the default feed is listed whether Sekoia lists it or not, under its own name', async t => {
  const { catalog } = given([])
  t.match(await catalog.list(caller), [
    {
      feedId: defaultFeedId,
      collectionId: defaultFeedId,
      title: 'Sekoia default feed',
      alias: undefined
    }
  ])
  const listed = await given([feedOf(defaultFeedId, { title: 'other' })]).catalog.list(caller)
  t.same(
    listed.map(({ title }) => title),
    ['Sekoia default feed']
  )
  t.throws(() => given([], { defaultFeedId: 'default' }), TypeError)
})

t.test(
  'collections come in ascending id; an id that is no bare UUID becomes the alias',
  async t => {
    const long = `ioc-collection--${uuid(2).toUpperCase()}`
    const { catalog } = given([feedOf(long), feedOf(`feed--${uuid(1)}`), feedOf(uuid(3))])
    const collections = await catalog.list(caller)
    t.same(
      collections.map(({ collectionId, alias, feedId }) => ({ collectionId, alias, feedId })),
      [
        { collectionId: uuid(1), alias: `feed--${uuid(1)}`, feedId: `feed--${uuid(1)}` },
        { collectionId: uuid(2), alias: long, feedId: long },
        { collectionId: uuid(3), alias: undefined, feedId: uuid(3) },
        { collectionId: defaultFeedId, alias: undefined, feedId: defaultFeedId }
      ]
    )
  }
)

t.test(
  'feeds without a UUID version 4, or with one already seen, are left out and counted',
  async t => {
    const version1 = '00000001-aaaa-1000-8000-000000000000'
    const { catalog, sums } = given(
      ['x', version1, uuid(1), `feed--${uuid(1)}`].map(id => feedOf(id))
    )
    t.equal((await catalog.list(caller)).length, 2)
    t.equal(sums['catalog_feeds_left_out{id}'], 3)
  }
)

t.test('titles hold no dot and no comma, and one line (CLIENT-8)', async t => {
  const titles = ['Sekoia.io, all.', ' . ', 'a\n\tb', 'v1.2,beta']
  const feeds = titles.map((title, no) => feedOf(uuid(no + 1), { title }))
  t.same(await titlesOf(feeds), [
    'Sekoia-io all',
    '00000002',
    'a b',
    'v1-2 beta',
    'Sekoia default feed'
  ])
})

t.test('titles are unique whatever the case, and the default feed keeps its own', async t => {
  const titles = ['Same', 'same', 'Same 00000001', 'SEKOIA default feed']
  const feeds = titles.map((title, no) => feedOf(uuid(no + 1), { title }))
  t.same(await titlesOf(feeds), [
    `Same 00000001 ${uuid(1)}`,
    'same 00000002',
    `Same 00000001 ${uuid(3)}`,
    'SEKOIA default feed 00000004',
    'Sekoia default feed'
  ])
})

t.test('a key that may not list feeds sees the default feed alone', async t => {
  for (const kind of ['forbidden', 'not-found'] as const) {
    const { catalog, state } = given([feedOf(uuid(1))])
    state.failure = kind
    t.same(
      (await catalog.list(caller)).map(({ feedId }) => feedId),
      [defaultFeedId]
    )
  }
})

t.test('a listing is fetched once for all who ask, per scope', async t => {
  const { catalog, state } = given([])
  await Promise.all([catalog.list(caller), catalog.list(caller), catalog.resolve(caller, uuid(1))])
  await catalog.list(caller)
  t.equal(state.calls, 1)
  await catalog.list(callerOf('bob'))
  t.equal(state.calls, 2)
})

t.test('a listing that is due is renewed behind the answer, an old one before it', async t => {
  const { catalog, state } = given([])
  await catalog.list(caller)
  state.feeds = [feedOf(uuid(1))]
  state.now += 60_000
  t.equal((await catalog.list(caller)).length, 1)
  await renewal()
  t.equal((await catalog.list(caller)).length, 2)
  t.equal(state.calls, 2)
  state.feeds = []
  state.now += 120_000
  t.equal((await catalog.list(caller)).length, 1)
})

t.test(
  'with Sekoia in trouble the held listing is shown (G7); without one the trouble is told',
  async t => {
    const { catalog, state } = given([feedOf(uuid(1))])
    await catalog.list(caller)
    state.failure = 'unavailable'
    for (let turn = 0; turn < 5; turn++) {
      state.now += 100_000
      t.equal((await catalog.list(caller)).length, 2)
    }
    await t.rejects(catalog.list(callerOf('bob')), failure('unavailable'))
  }
)

t.test('a refused key loses its listing at once (G6)', async t => {
  const { catalog, state } = given([feedOf(uuid(1))])
  await catalog.list(caller)
  state.failure = 'unauthorized'
  state.now += 60_000
  await catalog.list(caller)
  await renewal()
  await t.rejects(catalog.list(caller), failure('unauthorized'))
  state.failure = 'unavailable'
  await t.rejects(catalog.list(caller), failure('unavailable'))
})

t.test('a feed resolves by collection id and by alias, whatever the case', async t => {
  const alias = `feed--${uuid(1)}`
  const { catalog } = given([feedOf(alias)])
  for (const id of [uuid(1), uuid(1).toUpperCase(), alias, alias.toUpperCase()]) {
    t.match(await catalog.resolve(caller, id), { feedId: alias, title: 'Feed 0' })
  }
})

t.test('a well-formed id that is not listed is passed on as it is', async t => {
  const { catalog } = given([])
  t.same(await catalog.resolve(caller, `ioc-collection--${uuid(5)}`), {
    feedId: `ioc-collection--${uuid(5)}`,
    collectionId: uuid(5),
    alias: `ioc-collection--${uuid(5)}`,
    title: `ioc-collection--${uuid(5)}`,
    description: undefined,
    isNewestFirst: false,
    isJson: true
  })
  t.match(await catalog.resolve(caller, uuid(6)), { feedId: uuid(6), alias: undefined })
})

t.test('any other id is not found', async t => {
  const { catalog } = given([])
  const version1 = '00000001-aaaa-1000-8000-000000000000'
  for (const id of ['', 'x', '..', version1, `a b--${uuid(1)}`, `${uuid(1)}x`, `--${uuid(1)}`]) {
    await t.rejects(catalog.resolve(caller, id), failure('not-found'), id)
  }
})

t.test(
  'with nothing listed and Sekoia in trouble ids still resolve (G7), but not for a refused key',
  async t => {
    const { catalog, state } = given([])
    state.failure = 'timeout'
    t.match(await catalog.resolve(caller, uuid(1)), { feedId: uuid(1) })
    t.match(await catalog.resolve(caller, defaultFeedId), { title: 'Sekoia default feed' })
    state.failure = 'unauthorized'
    await t.rejects(catalog.resolve(caller, uuid(1)), failure('unauthorized'))
  }
)
