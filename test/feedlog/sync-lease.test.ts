import t from 'tap'
import type { FeedLogDeps } from '../../src/feedlog/journal/log-deps.ts'
import { SyncLease } from '../../src/feedlog/sync/sync-lease.ts'
import { troubledStore } from '../support/troubled-store.ts'
import { storeWith } from '../support/worlds.ts'

/** Two gateways on one store; each tries once to get the lease. */
function setUp() {
  let now = 0
  const clock = {
    now: () => now,
    async sleep(ms: number) {
      now += ms
    }
  }
  const store = troubledStore(storeWith(), { isShared: true, clock })
  const parts = { store, clock, identity: { name: 'log' } } as unknown as FeedLogDeps
  const gateway = () => {
    const lease = new SyncLease(parts)
    return { lease, tries: () => lease.acquire(async () => true) }
  }
  return { store, pass: (ms: number) => (now += ms), mine: gateway(), other: gateway() }
}

t.test('works of one gateway share its lease, which goes back with the last of them', async t => {
  const { mine, other } = setUp()
  t.strictSame(await Promise.all([mine.tries(), mine.tries()]), [true, true])
  t.equal(await mine.tries(), true)
  t.equal(mine.lease.isShared, true)
  await mine.lease.release()
  await mine.lease.release()
  t.equal(mine.lease.isShared, false)
  t.equal(await other.tries(), false, 'one of three works still needs it')
  await mine.lease.release()
  t.equal(await other.tries(), true)
  t.equal(await mine.tries(), false)
})

t.test('a lease that has run out is not shared any more: another gateway may have it', async t => {
  const { mine, other, pass } = setUp()
  t.equal(await mine.tries(), true)
  pass(15_000)
  t.equal(await other.tries(), true)
  t.equal(await mine.tries(), false)
  await mine.lease.release()
  t.equal(await mine.tries(), false, 'the lease of the other is not given back')
  await other.lease.release()
  t.equal(await mine.tries(), true)
})

t.test('one that runs out while works need it is obtained again for the next of them', async t => {
  const { mine, other, pass } = setUp()
  t.equal(await mine.tries(), true)
  pass(15_000)
  t.equal(await mine.tries(), true)
  await mine.lease.release()
  t.equal(await other.tries(), false)
})
