import t from 'tap'
import { createCatalog } from '../../src/feeds/catalog.ts'
import type { LeftOut } from '../../src/feeds/survey.ts'
import { type ErrorKind, GatewayError } from '../../src/kernel/errors.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { pageOf } from '../support/bodies.ts'
import { failure } from '../support/failure.ts'
import { catalogOptions, defaultFeedId, feedOf, uuid } from '../support/feeds.ts'
import { caller, summingMeter } from '../support/sekoia-client.ts'

/** G12, R1: what is listed can be read. */

/** A catalog over feeds 1 to `count`; Sekoia fails to give those of which `failures` tells. */
function given(count: number) {
  const state = {
    now: 0,
    failures: new Map<string, ErrorKind>(),
    asked: [] as string[],
    atOnce: 0,
    mostAtOnce: 0,
    confirmed: new Set<string>(),
    leftOut: [] as LeftOut[]
  }
  /** Feeds of which Sekoia never says anything. */
  const silent = new Set<string>()
  const meter = summingMeter()
  const catalog = createCatalog({
    upstream: {
      feeds: async () => Array.from({ length: count }, (_, no) => feedOf(uuid(no + 1))),
      async page(_caller, { feedId, limit }) {
        t.equal(limit, 1)
        state.asked.push(feedId)
        state.mostAtOnce = Math.max(state.mostAtOnce, ++state.atOnce)
        await new Promise(resolve => setImmediate(resolve))
        if (silent.has(feedId)) await new Promise(() => {})
        state.atOnce--
        const kind = state.failures.get(feedId)
        if (kind) throw new GatewayError(kind)
        return pageOf([])
      }
    },
    ...catalogOptions,
    rights: { validity: (_, feedId) => (state.confirmed.has(feedId) ? () => true : undefined) },
    clock: { ...systemClock, now: () => state.now },
    meter,
    onLeftOut: left => state.leftOut.push(left)
  })
  const ids = async () => (await catalog.list(caller)).map(({ feedId }) => feedId)
  return { catalog, state, ids, silent, sums: meter.sums }
}

/** Lets a renewal behind an answer come to its end. */
const renewal = async () => {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

t.test(
  'feeds that Sekoia answers 403, 404 or 409, the default one too, are not listed',
  async t => {
    const { state, ids, sums } = given(3)
    state.failures.set(uuid(1), 'forbidden').set(uuid(2), 'unwalkable')
    state.failures.set(defaultFeedId, 'not-found')
    t.same(await ids(), [uuid(3)])
    t.match(sums, {
      'catalog_feeds_left_out{forbidden}': 1,
      'catalog_feeds_left_out{unwalkable}': 1,
      'catalog_feeds_left_out{not-found}': 1
    })
  }
)

t.test('the operator is told once of each feed and reason, with the advice', async t => {
  const { state, ids } = given(1)
  state.failures.set(uuid(1), 'forbidden')
  for (let turn = 0; turn < 3; turn++) {
    await ids()
    state.now += 200_000
  }
  t.match(state.leftOut, [
    { feedId: uuid(1), obstacle: { kind: 'forbidden', advice: /permission/ } }
  ])
  t.equal(state.leftOut.length, 1)
  state.failures.set(uuid(1), 'not-found')
  await ids()
  t.equal(state.leftOut.length, 2)
})

t.test(
  'at most four feeds are asked for at once, and each once while the listing is held',
  async t => {
    const { state, ids } = given(9)
    await Promise.all([ids(), ids()])
    await ids()
    t.equal(state.asked.length, 10)
    t.equal(state.mostAtOnce, 4)
  }
)

t.test('a feed of which Sekoia said yes lately is not asked for', async t => {
  const { state, ids } = given(2)
  state.confirmed.add(uuid(1)).add(defaultFeedId)
  t.equal((await ids()).length, 3)
  t.same(state.asked, [uuid(2)])
})

t.test('a feed that can be read again is back behind the next answer', async t => {
  const { state, ids } = given(1)
  state.failures.set(uuid(1), 'forbidden')
  t.same(await ids(), [defaultFeedId])
  state.failures.clear()
  state.now += 60_000
  t.same(await ids(), [defaultFeedId])
  await renewal()
  t.same(await ids(), [uuid(1), defaultFeedId])
})

t.test('with Sekoia in trouble a list is as it was; feeds unknown as yet are in it', async t => {
  const { state, ids } = given(2)
  state.failures.set(uuid(1), 'forbidden').set(uuid(2), 'unavailable')
  t.same(await ids(), [uuid(2), defaultFeedId])
  state.failures.set(uuid(1), 'timeout').set(defaultFeedId, 'bad-answer')
  state.now += 200_000
  t.same(await ids(), [uuid(2), defaultFeedId])
})

t.test('a key that Sekoia refuses gets no list, and none is held (G6)', async t => {
  const { state, ids } = given(1)
  state.failures.set(uuid(1), 'unauthorized')
  await t.rejects(ids(), failure('unauthorized'))
  state.failures.clear()
  t.equal((await ids()).length, 2)
})

t.test('by its id a feed that exists says why it cannot be read; what is none is 404', async t => {
  const { catalog, state } = given(1)
  for (const kind of ['forbidden', 'not-found', 'unwalkable'] as const) {
    state.failures.set(uuid(1), kind)
    t.match(await catalog.inspect(caller, uuid(1)), { feedId: uuid(1), obstacle: { kind } })
  }
  t.equal((await catalog.inspect(caller, defaultFeedId)).obstacle, undefined)
  state.failures.set(uuid(7), 'not-found')
  await t.rejects(catalog.inspect(caller, uuid(7)), failure('not-found'))
  state.failures.set(uuid(7), 'forbidden')
  t.match(await catalog.inspect(caller, uuid(7)), { obstacle: { kind: 'forbidden' } })
  state.failures.set(uuid(7), 'unavailable')
  t.equal((await catalog.inspect(caller, uuid(7))).obstacle, undefined)
})

t.test('while Sekoia is away it is not asked for one feed after the other', async t => {
  for (const kind of ['timeout', 'unavailable'] as const) {
    const { state, ids } = given(9)
    for (const id of [...Array(9).keys()].map(no => uuid(no + 1)).concat(defaultFeedId))
      state.failures.set(id, kind)
    t.equal((await ids()).length, 10, 'all of them may be read')
    t.ok(state.asked.length <= 4, `${state.asked.length} were asked for`)
  }
})

t.test(
  'what waits for Sekoia when another question stays without an answer waits no longer',
  async t => {
    const { state, ids, silent } = given(3)
    silent.add(uuid(2)).add(uuid(3)).add(defaultFeedId)
    state.failures.set(uuid(1), 'timeout')
    t.equal((await ids()).length, 4)
  }
)

t.test('one feed that is silent keeps no other from being asked for', async t => {
  const { state, ids } = given(9)
  state.failures.set(uuid(3), 'timeout').set(uuid(9), 'forbidden')
  t.equal((await ids()).length, 9)
  t.equal(state.asked.length, 10)
})
