import t from 'tap'
import { Access, anyFeed } from '../../src/auth/access.ts'
import { notingRights } from '../../src/auth/rights.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { type Page, systemClock, type Upstream } from '../../src/kernel/ports.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { failure } from '../support/failure.ts'
import { callerOf } from '../support/sekoia-client.ts'

const alice = callerOf('alice')
const page: Page = { bytes: Buffer.alloc(0), entries: [], nextCursor: null, itemCount: 0 }

/** An upstream of which every call succeeds, or fails with the kind given. */
function make(kind?: 'unauthorized' | 'forbidden' | 'unavailable') {
  const answer = async <T>(value: T): Promise<T> => {
    if (kind) throw new GatewayError(kind)
    return value
  }
  const upstream: Upstream = {
    page: () => answer(page),
    objects: () => answer(page),
    feeds: () => answer([]),
    feed: () => answer(undefined),
    verifyKey: () => answer(undefined)
  }
  const access = new Access({
    clock: systemClock,
    store: createMemoryStore({ bodyMaxBytes: 1 }),
    settings: { rightsSeconds: 300, refusedSeconds: 10 }
  })
  const noting = notingRights(upstream, access)
  const calls: Record<string, () => Promise<unknown>> = {
    page: () => noting.page(alice, { feedId: 'feed', types: [], limit: 1 }),
    objects: () => noting.objects(alice, ['id']),
    feeds: () => noting.feeds(alice),
    feed: () => noting.feed(alice, 'feed'),
    verifyKey: () => noting.verifyKey(alice)
  }
  return { access, calls }
}

t.test(
  'every answer of Sekoia says that it accepts the key; a page says so of its feed (G6)',
  async t => {
    for (const name of ['page', 'objects', 'feeds', 'feed', 'verifyKey']) {
      const { access, calls } = make()
      await calls[name]!()
      t.ok(access.isRecent(alice, anyFeed), name)
      t.equal(access.isRecent(alice, 'feed'), name === 'page', name)
    }
  }
)

t.test('a key that Sekoia does not know is noted, whatever was asked (G6)', async t => {
  for (const name of ['page', 'objects', 'feeds', 'feed', 'verifyKey']) {
    const { access, calls } = make('unauthorized')
    access.accepted(alice, 'feed')
    await t.rejects(calls[name]!(), failure('unauthorized'))
    t.equal(await access.lastVerdict(alice, 'feed'), 'unauthorized', name)
  }
})

t.test(
  'a permission that is missing elsewhere takes no feed away; trouble takes nothing (G7)',
  async t => {
    for (const kind of ['forbidden', 'unavailable'] as const)
      for (const name of ['objects', 'feeds', 'feed', 'verifyKey']) {
        const { access, calls } = make(kind)
        access.accepted(alice, 'feed')
        await t.rejects(calls[name]!(), failure(kind))
        t.ok(access.isRecent(alice, 'feed'), `${name}, ${kind}`)
      }
  }
)
