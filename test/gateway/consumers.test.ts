import t from 'tap'
import { intervalOf, refusalsIn, stateOf } from '../../src/gateway/consumer-state.ts'
import { Consumers, type Reading } from '../../src/gateway/consumers.ts'
import type { ScopeId } from '../../src/kernel/caller.ts'

/** What is remembered of who reads, and the state that follows from it. */

const reading: Reading = {
  identity: { address: '192.0.2.1', userAgent: 'client/1', user: 'alice' },
  scope: '0123456789abcdef0123456789abcdef' as ScopeId,
  dialect: 'taxii',
  feedId: 'feed-a',
  target: '/objects/?next=1',
  status: 200,
  items: 10,
  bytes: 1000,
  progress: { more: true, reached: 500 }
}

function start(max?: number) {
  let now = 1000
  const consumers = new Consumers({ now: () => now }, max)
  let page = 0
  return {
    list: () => consumers.list(),
    pass(ms: number) {
      now += ms
    },
    note: (change: Partial<Reading> = {}) => consumers.note({ ...reading, ...change }),
    /** A page that none was before. */
    next: () => consumers.note({ ...reading, target: `/objects/?next=${page++}` }),
    state(feedId: string | undefined = 'feed-a') {
      const all = consumers.list()
      return stateOf(all.find(one => one.feedId === feedId)!, refusalsIn(all), now)
    }
  }
}

const end = { more: false, reached: undefined }

t.test('who follows pages is reading, who was told the end is at the tip', async t => {
  const { next, note, state, list } = start()
  for (let n = 0; n < 10; n++) next()
  t.equal(state(), 'reading')
  note({ target: '/objects/?next=10', progress: { more: false, reached: 600 } })
  t.equal(state(), 'at-the-tip')
  t.match(list(), [{ requests: 11, items: 110, bytes: 11_000, reached: 1000, more: false }])
})

t.test('who polls the tip with one URL for ever is not stuck', async t => {
  const { note, pass, state } = start()
  for (let n = 0; n < 20; n++) {
    note({ target: '/objects/?added_after=x', items: 0, progress: end })
    pass(30_000)
  }
  t.equal(state(), 'at-the-tip')
})

t.test('the same place again and again is stuck, until it goes on', async t => {
  const { note, next, state } = start()
  for (let n = 0; n < 3; n++) note()
  t.equal(state(), 'reading', 'trying again is nothing odd')
  note()
  t.equal(state(), 'stuck')
  next()
  t.equal(state(), 'reading')
})

t.test('a client that leaves before every answer is stuck, too', async t => {
  const { note, state } = start()
  note({ progress: end })
  for (let n = 0; n < 4; n++) note({ status: 499, items: 0, progress: undefined })
  t.equal(state(), 'stuck')
})

t.test('the same object looked up again and again is no reading that is stuck', async t => {
  const { note, state } = start()
  note({ progress: end })
  for (let n = 0; n < 9; n++) note({ target: '/objects/x/', progress: undefined })
  t.equal(state(), 'at-the-tip')
})

t.test('silent for three of its intervals is gone; the next request brings it back', async t => {
  const { note, pass, state, list } = start()
  for (let n = 0; n < 4; n++) {
    note({ progress: end })
    pass(300_000)
  }
  t.equal(intervalOf(list()[0]!), 300_000)
  pass(600_000)
  t.equal(state(), 'at-the-tip', 'three intervals')
  pass(1)
  t.equal(state(), 'gone')
  note({ progress: end })
  t.equal(state(), 'at-the-tip')
})

t.test('pauses within a round of reading are no intervals', async t => {
  const { next, pass, list } = start()
  for (let n = 0; n < 50; n++) {
    next()
    pass(n === 20 ? 900_000 : 200)
  }
  t.strictSame(list()[0]!.pauses, [900_000])
})

t.test('401 and 403 are refused, also when they came before the feed was known', async t => {
  const { note, pass, state } = start()
  note({ progress: end })
  pass(1)
  note({ status: 401, feedId: undefined, progress: undefined })
  t.equal(state(), 'refused')
  t.equal(state(undefined), 'refused')
  pass(1)
  note({ progress: end })
  t.equal(state(), 'at-the-tip')
})

t.test('G9: at most so many are remembered, and strangers drive nobody out', async t => {
  const { note, list } = start(100)
  for (let n = 0; n < 80; n++) note({ feedId: `feed-${n}` })
  for (let n = 0; n < 1000; n++) {
    const scope = n.toString(16).padStart(32, '0') as ScopeId
    note({ scope, status: n % 2 ? 401 : 503, feedId: n % 2 ? undefined : 'feed-x' })
  }
  t.equal(list().filter(({ scope }) => scope === reading.scope).length, 80)
  t.equal(list().length, 90)
  for (let n = 0; n < 1000; n++) note({ feedId: `other-${n}` })
  t.equal(list().length, 100)
})

t.test('what was asked for is not kept: it may hold a key', async t => {
  const { note, list } = start()
  note({ target: '/objects/?api_key=secret' })
  t.notMatch(JSON.stringify(list()), 'secret')
})
