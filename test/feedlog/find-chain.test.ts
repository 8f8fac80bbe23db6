import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { findChain, startBucket } from '../../src/feedlog/read/find-chain.ts'
import { headOf } from '../support/heads.ts'

const seeded = { seed: 20_260_115, numRuns: 1000 }
const hour = 3_600_000
const day = 24 * hour
const noon = Date.UTC(2026, 0, 15, 12)

const target = fc.oneof(
  fc.integer({ min: 0, max: noon + day }),
  fc.integer({ min: noon - 30 * day, max: noon + hour })
)

interface Plan {
  readonly start: number
  readonly readMs: number
  readonly linked: boolean
}

const plans = fc.uniqueArray(
  fc.record({
    start: target.map(time => startBucket(time, noon)),
    readMs: fc.oneof(fc.constant(0), fc.nat(40 * day)),
    linked: fc.boolean()
  }),
  { selector: ({ start }) => start, maxLength: 5 }
)

/** A journal with a chain for each plan; the last of them filled or not. */
function journalOf(given: readonly Plan[], filled: boolean): Journal {
  const journal = Journal.create(noon, 100)
  const last = Math.max(...given.map(({ start }) => start))
  given.forEach(({ start, readMs, linked }, i) => {
    const chain = journal.addChain(start)
    if (linked && start < last) chain.link()
    if (readMs > 0) journal.put(headOf({ no: i + 1, chain: start, maxNatural: start + readMs }), [])
  })
  if (filled && journal.chains.length > 0) journal.endReached(noon)
  return journal
}

t.test('a walk never starts later than asked, and never before the beginning of time', async t => {
  fc.assert(
    fc.property(target, fc.integer({ min: noon - day, max: noon + day }), (wanted, now) => {
      const start = startBucket(wanted, now)
      assert.ok(start <= wanted && start >= 0)
    }),
    seeded
  )
  t.equal(startBucket(0, noon), 0)
})

t.test(
  'neighbours share a start: by the hour for two weeks, by the day for a year, then by thirty days',
  async t => {
    const startsOf = (from: number, count: number, step: number) =>
      new Set(Array.from({ length: count }, (_, i) => startBucket(from + i * step, noon))).size
    t.equal(startsOf(noon - day, 24 * 60, 60_000), 24)
    t.equal(startsOf(noon - 100 * day - 12 * hour, 10 * 24, hour), 10)
    t.ok(startsOf(noon - 1000 * day, 60, day) <= 3)
  }
)

t.test('the chain found never starts later than asked', async t => {
  fc.assert(
    fc.property(plans, fc.boolean(), target, (given, filled, wanted) => {
      const chain = findChain(journalOf(given, filled), wanted, noon)
      assert.ok(chain === undefined || chain.start <= wanted)
    }),
    seeded
  )
  t.pass()
})

t.test(
  'where no chain serves, the new one starts between the one before and the time asked (P-44)',
  async t => {
    fc.assert(
      fc.property(plans, fc.boolean(), target, (given, filled, wanted) => {
        const journal = journalOf(given, filled)
        if (findChain(journal, wanted, noon)) return
        const start = startBucket(wanted, noon)
        const before = journal.chains.findLast(chain => chain.start <= wanted)
        assert.ok(before === undefined || before.progress < start)
      }),
      seeded
    )
    t.pass()
  }
)

t.test(
  'a chain serves once it has read past the time, is linked, or has the feed’s end',
  async t => {
    const wanted = noon - day
    const plan = { start: 0, readMs: 0, linked: false }
    const isFound = (...[given, filled]: Parameters<typeof journalOf>) =>
      findChain(journalOf(given, filled), wanted, noon) !== undefined
    t.notOk(isFound([], false))
    t.notOk(isFound([plan], false), 'a fill that has not got there: a chain of its own')
    t.notOk(isFound([{ ...plan, readMs: wanted - 1 }], false))
    t.ok(isFound([{ ...plan, readMs: wanted }], false))
    t.ok(isFound([plan], true))
    const next = { start: noon, readMs: 0, linked: false }
    t.ok(isFound([{ ...plan, linked: true }, next], false))
    t.notOk(isFound([plan, next], true), 'the end of the last chain says nothing of an earlier one')
    t.ok(
      isFound([{ ...plan, start: startBucket(wanted, noon) }], false),
      'the same bucket is shared'
    )
  }
)
