import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { encodeHead, type SegmentHead } from '../../src/feedlog/journal/segment-head.ts'
import type { StoredHead } from '../../src/kernel/ports.ts'
import { indicatorId } from '../support/bodies.ts'
import { headOf } from '../support/heads.ts'

const seeded = { seed: 20_260_115, numRuns: 300 }
const noon = Date.UTC(2026, 0, 15, 12)
const maxIds = 10_000

/** A journal with one chain from the beginning. */
function begun() {
  const journal = Journal.create(noon, maxIds)
  return { journal, chain: journal.addChain(0) }
}

/** The journal as another process finds it in the store. */
const reopened = (journal: Journal, heads: readonly StoredHead[], ids = maxIds) =>
  Journal.decode({ version: journal.version + 1, state: journal.encodeState(), heads }, ids)

const text = fc.string({ unit: 'binary', maxLength: 30 })
const date = fc.integer({ min: 0, max: noon })
const source = fc.oneof(
  fc.constant({}),
  text.map(cursor => ({ cursor })),
  text.map(modifiedAfter => ({ modifiedAfter }))
)
const stored = fc.tuple(text, fc.option(text, { nil: null }), date)
const members = fc.record({
  no: fc.integer({ min: 1, max: 0xffff_ffff }),
  chain: fc.constant(0),
  kind: fc.constantFrom('history' as const, 'tip' as const),
  source,
  count: fc.nat(2000),
  firstDate: date,
  lastDate: date,
  minNatural: date,
  maxNatural: date,
  stamp: fc.stringMatching(/^[0-9a-f]{8}$/),
  stored: fc.array(stored, { maxLength: 5 }),
  supersedes: fc.array(fc.tuple(fc.nat(1000), text), { maxLength: 5 }),
  superseded: fc.array(text, { maxLength: 5 })
})
const head: fc.Arbitrary<SegmentHead> = members.map(given => ({ ...given }))

t.test('a head comes out of the store as it went in, with the ids of its segment', async t => {
  fc.assert(
    fc.property(head, fc.uniqueArray(text, { maxLength: 20 }), (given, ids) => {
      const { journal } = begun()
      const again = reopened(journal, [encodeHead(given, ids)])
      assert.deepEqual(again.head(given.no), given)
      for (const id of ids) assert.equal(again.versions.newest(id), given.no)
    }),
    seeded
  )
  t.pass()
})

t.test(
  'the state comes out of the store as it went in: cursors, chains, the end that was answered',
  async t => {
    const { journal, chain } = begun()
    chain.advance('MjAyNi0wMS0xNVQxMjowMDowMFo= é')
    journal.addChain(noon).link()
    journal.endReached(noon)
    journal.promiseEnd(noon + 5, noon)
    journal.confirm(noon - 1, noon)
    journal.settle({ cursor: 'c', at: noon, afterNo: 7 })
    const again = reopened(journal, [])
    t.equal(again.encodeState().toString(), journal.encodeState().toString())
    t.match(again, { isFilled: true, endValidUntil: noon + 5, lastReadAt: noon - 1 })
    t.match(again.settled.at(-1), { cursor: 'c', at: noon, afterNo: 7 })
    t.equal(again.version, 1)
    t.same(
      again.chains.map(({ state }) => state),
      [
        { start: 0, linked: false, cursor: 'MjAyNi0wMS0xNVQxMjowMDowMFo= é' },
        { start: noon, linked: true, cursor: null }
      ]
    )
    t.match(again.epoch, /^[0-9a-f]{8}$/)
  }
)

t.test(
  'what was settled by a clock that nothing proved is taken back, also by another process',
  async t => {
    const [a, b, c] = ['a', 'b', 'c'].map((cursor, i) => ({ cursor, at: noon + i, afterNo: i }))
    const { journal } = begun()
    journal.settleAt(a!)
    journal.confirm(noon, noon)
    journal.takeBackUnproven()
    t.match(journal.settled, [a], 'nothing was')
    for (const place of [b!, c!]) {
      journal.settleUnproven()
      journal.settleAt(place)
    }
    journal.settleUnproven()
    journal.confirm(noon + 400 * 86_400_000, noon)
    const again = reopened(journal, [])
    again.takeBackUnproven()
    t.same(again.settled, [a])
    t.equal(again.lastReadAt, noon, 'a cursor that is refused leads as far back')
    journal.addChain(noon)
    journal.takeBackUnproven()
    t.match(journal.settled, [{ cursor: null, at: 0 }], 'another chain has cursors of its own')
  }
)

t.test('a journal of an unknown format is refused, not misread (G3)', async t => {
  const { journal } = begun()
  const state = Buffer.from(
    JSON.stringify({ ...JSON.parse(String(journal.encodeState())), format: 99 })
  )
  t.throws(() => Journal.decode({ version: 1, state, heads: [] }, maxIds), /format 99/)
})

t.test('a head of a chain that the journal does not know is refused', async t => {
  const { journal } = begun()
  t.throws(() => reopened(journal, [encodeHead(headOf({ chain: 5 }), [])]), /no chain/)
})

t.test('chains stand in the order of their starts, whenever they were begun', async t => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 8 }), starts => {
      const journal = Journal.create(noon, maxIds)
      const chains = starts.map(start => journal.addChain(start))
      const sorted = starts.toSorted((a, b) => a - b)
      assert.deepEqual(
        journal.chains.map(({ start }) => start),
        sorted
      )
      assert.equal(journal.lastChain.start, sorted.at(-1))
      for (const chain of chains)
        assert.equal(journal.nextChain(chain)?.start, sorted[sorted.indexOf(chain.start) + 1])
    }),
    seeded
  )
  t.pass()
})

t.test('the date before a chain’s first record is that of the linked chain before it', async t => {
  const { journal, chain } = begun()
  const later = journal.addChain(100)
  t.equal(journal.dateBefore(chain), 0)
  journal.put(headOf({ no: 1, firstDate: 1, lastDate: 99 }), [])
  t.equal(journal.dateBefore(chain), 99)
  t.equal(journal.dateBefore(later), 0, 'not linked: nothing is known')
  chain.link()
  t.equal(journal.dateBefore(later), 99)
})

t.test('a grown head takes the place of the one it grew from', async t => {
  const { journal, chain } = begun()
  journal.put(headOf({ no: 1, count: 1 }), [indicatorId(1)])
  const grown = headOf({ no: 1, count: 2, lastDate: 2 })
  journal.put(grown, [indicatorId(1), indicatorId(2)])
  t.same(chain.heads, [grown])
  t.equal(journal.head(1), grown)
  t.equal(journal.versions.newest(indicatorId(2)), 1)
})

t.test('a version that was replaced is known as such, also by the next process (P-45)', async t => {
  const { journal } = begun()
  const heads = [
    headOf({ no: 1 }),
    headOf({ no: 2, supersedes: [[1, indicatorId(1)]] }),
    headOf({ no: 3, superseded: [indicatorId(7)] })
  ]
  for (const head of heads) journal.put(head, [indicatorId(1)])
  const stored = heads.map(head => encodeHead(head, [indicatorId(1)]))
  for (const each of [journal, reopened(journal, stored)]) {
    t.ok(each.versions.superseded(1).has(indicatorId(1)))
    t.notOk(each.versions.superseded(2).has(indicatorId(1)))
    t.ok(each.versions.successors(2).has(indicatorId(1)))
    t.notOk(each.versions.successors(1).has(indicatorId(1)))
    t.ok(each.versions.superseded(3).has(indicatorId(7)), 'a later place of the log held it anew')
    t.same(each.versions.olderThanNewest(indicatorId(1)), [1])
  }
})

t.test(
  'the newest version is the one that lies latest in the log, not the one read last (P-44)',
  async t => {
    const { journal, chain } = begun()
    journal.addChain(100)
    journal.put(headOf({ no: 1, chain: 100 }), [indicatorId(1)])
    journal.put(headOf({ no: 2, chain: 0 }), [indicatorId(1)])
    t.equal(journal.versions.newest(indicatorId(1)), 1)
    t.ok(journal.isLater(1, chain))
    t.notOk(journal.isLater(2, chain))
  }
)

t.test(
  'the index of newest versions is bounded: beyond it older ids are forgotten (G9)',
  async t => {
    const { journal } = begun()
    const heads = [1, 2, 3].map(no => encodeHead(headOf({ no }), [indicatorId(no)]))
    const small = reopened(journal, heads, 2)
    t.equal(small.versions.newest(indicatorId(3)), 3)
    t.equal(small.versions.newest(indicatorId(1)), undefined)
  }
)
