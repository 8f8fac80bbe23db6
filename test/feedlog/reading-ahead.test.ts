import t from 'tap'
import type { Chain } from '../../src/feedlog/journal/chain.ts'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import type { FeedLogDeps } from '../../src/feedlog/journal/log-deps.ts'
import type { SegmentHead } from '../../src/feedlog/journal/segment-head.ts'
import { ParallelBackfill } from '../../src/feedlog/sync/parallel-backfill.ts'
import { ApiKey, type Caller, type ScopeId } from '../../src/kernel/caller.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { logSettings } from '../support/gateway.ts'

/** When pages are read ahead, and with whose key; how they are read is in parallel-backfill.test.ts. */

const dayMs = 86_400_000
const caller: Caller = {
  key: new ApiKey('key'),
  scope: 'scope' as ScopeId,
  continues: true
}

/** One chain that has read twenty days of a thousand, a page a day. */
function setUp(chains = 4) {
  const now = Date.UTC(2026, 0, 1)
  const from = now - 1000 * dayMs
  let elapsed = 0
  const journal = Journal.create(now, 1000)
  journal.noteOrder('asc')
  const first = journal.addChain(0)
  const read = (chain = first, at = from) => {
    const no = journal.nextNumber()
    const span = { minNatural: at, maxNatural: at + dayMs / 2 }
    journal.put(
      {
        ...{ no, stamp: 'x', chain: chain.start, kind: 'history', source: {}, count: 2000 },
        ...{ ...span, readUpTo: at, firstDate: at, lastDate: at + dayMs / 2 },
        ...{ stored: [], supersedes: [], superseded: [] }
      } satisfies SegmentHead,
      []
    )
  }
  for (let day = 0; day < 20; day++) read(first, from + day * dayMs)
  const flights: {
    start: number
    caller: Caller
    end(error?: Error, isAdded?: boolean): Promise<void>
  }[] = []
  const adding = new Set<Chain>()
  /** Ends the adding of pages that have come. */
  const added: (() => void)[] = []
  const ahead = new ParallelBackfill({
    journal,
    parts: {
      settings: { ...logSettings, backfillParallel: chains },
      clock: { now: () => now, elapsed: () => elapsed, sleep: async () => {} },
      meter: silentMeter
    } as unknown as FeedLogDeps,
    backfill: { seekSoundly: () => {}, isAdding: chain => adding.has(chain) },
    extend(chain, asked) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const at = Math.max(chain.start, chain.readUpTo) + dayMs
      flights.push({
        start: chain.start,
        caller: asked,
        async end(error, isAdded = true) {
          if (error) reject(error)
          else {
            adding.add(chain)
            ahead.pageCame(chain)
            added.push(() => {
              adding.delete(chain)
              read(chain, at)
              resolve()
            })
            if (isAdded) added.pop()!()
          }
          await new Promise(setImmediate)
        }
      })
      return promise
    },
    isExtending: () => false,
    isAtTip: () => false,
    begin: start => journal.addChain(start),
    mayBegin: () => true,
    isOpen: () => true
  })
  return { ahead, first, flights, added, pass: (ms: number) => (elapsed += ms) }
}

t.test('two chains at first, one more with each round; never more than may', async t => {
  const { ahead, first, flights } = setUp()
  ahead.attend(first, caller)
  t.equal(flights.length, 2)
  let most = 0
  for (let ended = 0; ended < 30; ended++) {
    await flights[ended]!.end()
    most = Math.max(most, flights.length - ended - 1)
  }
  t.equal(most, 4)
})

t.test('what has come is added while the next page is on its way', async t => {
  const { ahead, first, flights, added } = setUp(2)
  ahead.attend(first, caller)
  await flights[0]!.end()
  await flights[1]!.end()
  t.equal(flights.length, 4)
  await flights[2]!.end(undefined, false)
  t.equal(flights.length, 5)
  t.equal(new Set(flights.map(({ start }) => start)).size, 3, 'a third place is begun')
  await flights[3]!.end(undefined, false)
  t.equal(flights.length, 5, 'and no more: each place is being read or added to')
  for (const end of added) end()
  await new Promise(setImmediate)
  t.equal(flights.length, 6)
})

t.test('what a client comes to next is read in its rank, the rest behind all others', async t => {
  const { ahead, first, flights } = setUp()
  ahead.attend(first, caller)
  const own = flights.find(({ start }) => start === 0)!
  const other = flights.find(({ start }) => start !== 0)!
  t.equal(own.caller.continues, true)
  t.equal(own.caller.isInBackground, undefined)
  t.equal(other.caller.isInBackground, true)
  t.ok(flights.every(({ caller }) => caller.givesUp))
})

t.test('nothing more is read for a client that stays away for two minutes', async t => {
  const { ahead, first, flights, pass } = setUp()
  ahead.attend(first, caller)
  pass(119_000)
  await flights[0]!.end()
  t.equal(flights.length, 3)
  pass(1000)
  await flights[1]!.end()
  await flights[2]!.end()
  t.equal(flights.length, 3)
  t.equal(ahead.isRunning, false)
  ahead.attend(first, caller)
  t.ok(flights.length > 3, 'until it comes again')
})

t.test('after trouble nothing is read until a client asks again, a second later', async t => {
  const { ahead, first, flights, pass } = setUp()
  ahead.attend(first, caller)
  await flights[0]!.end(new Error('Sekoia is in trouble'))
  await flights[1]!.end()
  t.equal(flights.length, 2)
  ahead.attend(first, caller)
  t.equal(flights.length, 2)
  pass(1000)
  ahead.attend(first, caller)
  t.ok(flights.length > 2)
})

t.test('with one chain nothing is read ahead', async t => {
  const { ahead, first, flights } = setUp(1)
  ahead.attend(first, caller)
  t.equal(flights.length, 0)
})
