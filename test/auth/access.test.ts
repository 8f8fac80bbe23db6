import t from 'tap'
import { Access } from '../../src/auth/access.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { failure } from '../support/failure.ts'
import { callerOf } from '../support/sekoia-client.ts'

const alice = callerOf('alice')
const bob = callerOf('bob')
const feed = 'feed'

/** Rights of 300 seconds, refusals of 10, and a clock that is moved by hand. */
function make() {
  let now = 1_000_000
  const clock = { now: () => now, sleep: async () => {} }
  const settings = { rightsSeconds: 300, refusedSeconds: 10 }
  const store = createMemoryStore({ bodyMaxBytes: 1 })
  const open = () => new Access({ clock, store, settings })
  const access = open()
  const advance = (seconds: number) => {
    now += seconds * 1000
  }
  return { access, advance, open }
}

t.test(
  'nobody has access before Sekoia said yes; a yes holds for `rightsSeconds` (G5, G6)',
  async t => {
    const { access, advance } = make()
    t.notOk(access.isRecent(alice, feed))
    access.accepted(alice, feed)
    advance(299)
    t.ok(access.isRecent(alice, feed))
    advance(1)
    t.notOk(access.isRecent(alice, feed))
  }
)

t.test('a yes is for one key and one feed', async t => {
  const { access } = make()
  access.accepted(alice, feed)
  t.notOk(access.isRecent(bob, feed))
  t.notOk(access.isRecent(alice, 'other'))
})

for (const kind of ['unauthorized', 'forbidden', 'not-found'] as const)
  t.test(`\`${kind}\` ends access at once and is repeated for \`refusedSeconds\` (G6)`, async t => {
    const { access, advance } = make()
    access.accepted(alice, feed)
    access.failed(alice, feed, new GatewayError(kind))
    t.notOk(access.isRecent(alice, feed))
    t.throws(() => access.assertNotRefused(alice, feed), failure(kind))
    access.assertNotRefused(bob, feed)
    if (kind !== 'unauthorized') access.assertNotRefused(alice, 'other')
    advance(10)
    access.assertNotRefused(alice, feed)
  })

for (const kind of ['unavailable', 'timeout', 'bad-answer', 'throttled'] as const)
  t.test(`\`${kind}\` says nothing about rights (G7)`, async t => {
    const { access } = make()
    access.accepted(alice, feed)
    access.failed(alice, feed, new GatewayError(kind))
    t.ok(access.isRecent(alice, feed))
    access.assertNotRefused(alice, feed)
  })

t.test('a yes after a no gives access again', async t => {
  const { access } = make()
  access.failed(alice, feed, new GatewayError('forbidden'))
  access.accepted(alice, feed)
  t.ok(access.isRecent(alice, feed))
  access.assertNotRefused(alice, feed)
})

t.test('Sekoia is asked once for all who wait (G8)', async t => {
  const { access } = make()
  const asked = Promise.withResolvers<void>()
  let calls = 0
  const ask = () => {
    calls++
    return asked.promise
  }
  const waiting = Array.from({ length: 64 }, () => access.check(alice, feed, ask))
  asked.resolve()
  await Promise.all(waiting)
  t.equal(calls, 1)
})

t.test(
  'a check that fails fails for all who wait; trouble is let rest, a refusal is not',
  async t => {
    const { access, advance } = make()
    for (const [kind, rests] of [
      ['forbidden', false],
      ['unavailable', true]
    ] as const) {
      const fail = async () => {
        throw new GatewayError(kind)
      }
      await Promise.all([1, 2].map(() => t.rejects(access.check(alice, feed, fail), failure(kind))))
      t.equal(access.isResting(alice, feed), rests)
      advance(10)
      t.notOk(access.isResting(alice, feed))
    }
  }
)

t.test(
  'the last word is kept, a later process knows it; a no to the key counts for its feeds (G6)',
  async t => {
    const { access, advance, open } = make()
    t.equal(await access.lastVerdict(alice, feed), undefined)
    access.accepted(alice, feed)
    await access.settle()
    t.equal(await open().lastVerdict(alice, feed), 'yes')
    advance(1)
    access.failed(alice, 'other', new GatewayError('unauthorized'))
    t.notOk(access.isRecent(alice, feed), 'a key that is unknown to Sekoia has no feed')
    await access.settle()
    t.equal(await open().lastVerdict(alice, feed), 'unauthorized')
    t.equal(await open().lastVerdict(bob, feed), undefined)
    advance(1)
    access.accepted(alice, feed)
    await access.settle()
    t.equal(await open().lastVerdict(alice, feed), 'yes')
  }
)

t.test('a jump of the clock neither ends rights nor prolongs them (K1)', async t => {
  const store = createMemoryStore({ bodyMaxBytes: 1000 })
  const time = { now: Date.UTC(2026, 0, 15), elapsed: 0 }
  const clock = { now: () => time.now, elapsed: () => time.elapsed, sleep: async () => {} }
  const settings = { rightsSeconds: 300, refusedSeconds: 10 }
  const access = new Access({ clock, store, settings })
  time.now += 400 * 86_400_000
  access.accepted(alice, 'feed')
  await access.settle()
  for (const jump of [-400 * 86_400_000, 3_600_000]) {
    time.now += jump
    t.ok(access.isRecent(alice, 'feed'))
  }
  time.elapsed += 300_000
  t.notOk(access.isRecent(alice, 'feed'))
  time.now -= 86_400_000
  const next = new Access({ clock, store, settings })
  t.equal(await next.lastVerdict(alice, 'feed'), 'yes')
  t.notOk(
    next.isRecent(alice, 'feed'),
    'a verdict of the future was noted by a clock that was ahead'
  )
})
