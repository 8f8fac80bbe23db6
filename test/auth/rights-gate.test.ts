import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { anyFeed } from '../../src/auth/access.ts'
import { RightsGate } from '../../src/auth/rights-gate.ts'
import { type ErrorKind, GatewayError } from '../../src/kernel/errors.ts'
import { type Page, silentMeter, type Upstream } from '../../src/kernel/ports.ts'
import {
  newestVersions,
  type ReadRequest,
  type ReadResult,
  type UnguardedRecords
} from '../../src/kernel/records.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { failure } from '../support/failure.ts'
import { callerOf } from '../support/sekoia-client.ts'

/** Who is shown what is held, by what Sekoia says, said, or cannot say (G5, G6, G7). */

const alice = callerOf('alice')
const feedId = 'feed'
const page: Page = { bytes: Buffer.alloc(0), entries: [], nextCursor: null, itemCount: 0 }
const result: ReadResult = {
  records: [],
  dates: [],
  chunks: [],
  more: false,
  position: undefined,
  outcome: 'held'
}
const request: ReadRequest = {
  caller: alice,
  feedId,
  types: [],
  addedAfter: undefined,
  position: undefined,
  filter: newestVersions,
  limit: 1,
  maxBytes: 1,
  continues: false
}

/** A gate of 300 s of rights and 10 s of refusal, before a Sekoia that answers as `sekoia.says`. */
function make(store = createMemoryStore({ bodyMaxBytes: 1 })) {
  const sekoia: {
    says: 'yes' | 'late' | ErrorKind
    calls: string[]
    /** Of the last page. */
    asksAfter: string | undefined
  } = { says: 'yes', calls: [], asksAfter: undefined }
  const answer = async <T>(name: string, value: T): Promise<T> => {
    sekoia.calls.push(name)
    if (sekoia.says === 'late') await delay(200)
    else if (sekoia.says !== 'yes') throw new GatewayError(sekoia.says)
    return value
  }
  const upstream: Upstream = {
    page: (_, { modifiedAfter }) => {
      sekoia.asksAfter = modifiedAfter
      return answer('page', page)
    },
    objects: () => answer('objects', page),
    feeds: () => answer('feeds', []),
    feed: () => answer('feed', undefined),
    verifyKey: () => answer('key', undefined)
  }
  let now = 1_000_000
  const clock = { now: () => now, sleep: async () => {} }
  const settings = { rightsSeconds: 300, refusedSeconds: 10, waitMs: 20 }
  const gate = new RightsGate({ upstream, store, clock, meter: silentMeter, settings })
  const reads: string[] = []
  const records = (isHeld: boolean): UnguardedRecords => ({
    async read(_request, admit) {
      if (isHeld) await admit()
      reads.push(isHeld ? 'held' : 'asked')
      return result
    },
    async lookup() {
      reads.push('lookup')
      return []
    }
  })
  const held = gate.guard(records(true))
  const advance = (seconds: number) => {
    now += seconds * 1000
  }
  return { gate, sekoia, store, held, empty: gate.guard(records(false)), reads, advance }
}

t.test('what is held is read without a question while a yes is recent', async t => {
  const { sekoia, held, reads, advance } = make()
  await held.read(request)
  t.strictSame(sekoia.calls, ['page'], 'there was none yet')
  await held.read(request)
  await held.lookup({ caller: alice, feedId, ids: [] })
  t.equal(sekoia.calls.length, 1)
  advance(300)
  await held.read(request)
  t.equal(sekoia.calls.length, 2)
  t.strictSame(reads, ['held', 'held', 'lookup', 'held'])
})

t.test(
  'the question asks for no object, be it ahead of our clock: it may be one that cannot be had',
  async t => {
    const { sekoia, held } = make()
    await held.read(request)
    t.ok(Date.parse(sekoia.asksAfter ?? '') > Date.UTC(2100))
  }
)

t.test('where nothing is held the gate asks nothing: Sekoia decides over the reading', async t => {
  const { sekoia, empty, reads } = make()
  await empty.read(request)
  t.strictSame(sekoia.calls, [])
  t.strictSame(reads, ['asked'])
})

t.test('a refusal ends reading, and is repeated unasked before anything is read', async t => {
  const { sekoia, held, empty, reads, advance } = make()
  await held.read(request)
  advance(300)
  sekoia.says = 'forbidden'
  await t.rejects(held.read(request), failure('forbidden'))
  await t.rejects(held.lookup({ caller: alice, feedId, ids: [] }), failure('forbidden'))
  await t.rejects(empty.read(request), failure('forbidden'))
  t.equal(sekoia.calls.length, 2)
  t.strictSame(reads, ['held'])
})

t.test('when Sekoia is late or in trouble its last verdict counts (G7)', async t => {
  for (const says of ['unavailable', 'late'] as const) {
    const { gate, sekoia, held, reads, advance } = make()
    await held.read(request)
    advance(300)
    sekoia.says = says
    await held.read(request)
    t.equal(reads.length, 2, says)
    await t.resolves(gate.authorize(alice, feedId))
  }
})

t.test('without any verdict a key gets what it fetched itself, and nothing else', async t => {
  const { gate, sekoia, held, reads } = make()
  sekoia.says = 'unavailable'
  await t.rejects(gate.authorize(alice, feedId), failure('unavailable'))
  await t.rejects(gate.verify(alice), failure('unavailable'))
  await held.read(request)
  t.strictSame(reads, ['held'])
})

t.test(
  'a refusal that ends a yes counts while Sekoia cannot be asked, after a restart too',
  async t => {
    const first = make()
    await first.gate.authorize(alice, feedId)
    first.advance(300)
    first.sekoia.says = 'not-found'
    await t.rejects(first.held.read(request), failure('not-found'))
    await first.gate.close()
    const { gate, sekoia, held } = make(first.store)
    sekoia.says = 'unavailable'
    await t.rejects(held.read(request), failure('not-found'))
    await t.rejects(gate.authorize(alice, feedId), failure('not-found'))
  }
)

t.test('a verdict is stored in the form that earlier releases wrote and read', async t => {
  const { gate, store, sekoia, advance } = make()
  const names: string[] = []
  const commit = store.commit.bind(store)
  store.commit = (name, change) => {
    names.push(name)
    return commit(name, change)
  }
  await gate.verify(alice)
  advance(300)
  sekoia.says = 'unauthorized'
  await t.rejects(gate.verify(alice), failure('unauthorized'))
  await gate.close()
  const stored = await store.load(names[0]!)
  t.strictSame(JSON.parse(stored!.state.toString()), { word: 'unauthorized', at: 1_300_000 })
  t.ok(names.every(name => !name.includes(anyFeed)))
})

t.test(
  'K8: a refusal where there was no yes is remembered, and leaves nothing in the store',
  async t => {
    const { gate, store, sekoia } = make()
    const written: string[] = []
    store.commit = async name => {
      written.push(name)
      return true
    }
    for (const kind of ['unauthorized', 'forbidden', 'not-found'] as const) {
      sekoia.says = kind
      const caller = callerOf(kind)
      for (let n = 0; n < 3; n++) await t.rejects(gate.authorize(caller, feedId), failure(kind))
    }
    await gate.close()
    t.strictSame(written, [])
    t.equal(sekoia.calls.length, 3, 'each refusal is asked for once')
  }
)

t.test('a key was accepted once Sekoia said yes, also in the life of a process before', async t => {
  const { gate, store, sekoia, advance } = make()
  t.equal(await gate.wasAccepted(alice), false)
  await gate.authorize(alice, feedId)
  t.equal(gate.wasAccepted(alice), true)
  await gate.close()
  const second = make(store)
  t.equal(await second.gate.wasAccepted(alice), true)
  advance(300)
  sekoia.says = 'unauthorized'
  await t.rejects(gate.verify(alice), failure('unauthorized'))
  t.equal(gate.wasAccepted(alice), false)
})
