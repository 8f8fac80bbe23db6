import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { entryKey } from '../../src/feedlog/journal/packed-index.ts'
import { decodeBody, encodeBody, type Segment } from '../../src/feedlog/journal/segment.ts'
import {
  type Append,
  type AppendOptions,
  fromChainStart,
  planAppend,
  reachesBeyond,
  redate,
  restore
} from '../../src/feedlog/sync/append.ts'
import { bodyOf, type Item, indicatorId, objectsOf, pageOf, sekoiaTime } from '../support/bodies.ts'

const seeded = { seed: 20_260_115, numRuns: 500 }
const noon = Date.UTC(2026, 0, 15, 12)
const anyMember = { now: noon + 1000, isMember: () => true }
const tipFloor = { after: noon + 500, keepUpTo: Number.NEGATIVE_INFINITY }

/** A journal with one chain, into which items are appended one batch after the other. */
class Log {
  readonly journal = Journal.create(noon, 10_000)
  readonly chain = this.journal.addChain(0)
  #last: Append | undefined

  append(items: readonly Item[], floor: AppendOptions['floor'] = undefined): Append {
    const last = planAppend({
      journal: this.journal,
      chain: this.chain,
      source: {},
      body: bodyOf(items),
      now: noon + 1000,
      open: this.#last,
      floor
    })
    this.journal.put(last.head, last.segment.entries.ids())
    this.#last = last
    return last
  }
}

const at = (n: number, ms: number): Item => ({
  id: indicatorId(n),
  time: sekoiaTime((noon + ms) * 1000 + 1)
})

/** Items of distinct ids around noon: times with ties, some missing, some too far ahead, some out of order. */
const items = fc
  .uniqueArray(
    fc.tuple(
      fc.nat(200),
      fc.oneof(
        { weight: 8, arbitrary: fc.nat(20_000).map(micros => sekoiaTime(noon * 1000 + micros)) },
        { weight: 1, arbitrary: fc.constant(sekoiaTime((noon + 600_000) * 1000)) },
        { weight: 1, arbitrary: fc.constant(undefined) }
      )
    ),
    { selector: ([n]) => n, minLength: 1, maxLength: 30 }
  )
  .map(pairs => pairs.map(([n, time]): Item => ({ id: indicatorId(n), ...(time && { time }) })))
/** As Sekoia gives them: by the text of their times. */
const sorted = items.map(list =>
  list.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1))
)
const floors = fc.constantFrom(undefined, tipFloor, { after: noon + 500, keepUpTo: noon + 10 })

const dateByKey = ({ entries, dates }: Segment) =>
  new Map(Array.from(entries, (entry, i) => [entryKey(entry), dates[i]!]))

t.test('a head tells what its segment holds: count, dates, and the span of own times', async t => {
  fc.assert(
    fc.property(sorted, floors, (given, floor) => {
      const { head, segment } = new Log().append(given, floor)
      assert.equal(head.count, given.length)
      assert.deepEqual([head.firstDate, head.lastDate], [segment.dates[0], segment.dates.at(-1)])
      assert.equal(head.minNatural, Math.min(...segment.naturals))
      assert.equal(head.maxNatural, Math.max(...segment.naturals))
      assert.equal(head.kind, floor ? 'tip' : 'history')
    }),
    seeded
  )
  t.pass()
})

t.test('dates ascend over all appends, merged into one segment or not (P-1)', async t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sorted, floors), { minLength: 1, maxLength: 6 }), batches => {
      const log = new Log()
      for (const [given, floor] of batches) {
        const { segment } = log.append(given, floor)
        assert.deepEqual(
          segment.dates,
          segment.dates.toSorted((a, b) => a - b)
        )
      }
      const { heads } = log.chain
      heads.slice(1).forEach((head, i) => {
        assert.ok(head.firstDate >= heads[i]!.lastDate)
      })
    }),
    seeded
  )
  t.pass()
})

t.test('short appends grow the open segment of their kind until it is full', async t => {
  const log = new Log()
  const first = log.append([at(1, 1)])
  const grown = log.append([at(2, 2)])
  t.equal(grown.head.no, first.head.no)
  t.same(objectsOf(grown.segment), objectsOf(bodyOf([at(1, 1), at(2, 2)])))
  const tip = log.append([at(3, 3)], tipFloor)
  t.not(tip.head.no, first.head.no, 'history and tip do not mix')
  const many = Array.from({ length: 500 }, (_, n) => at(10 + n, 4))
  t.not(log.append(many, tipFloor).head.no, tip.head.no, 'a tip segment holds at most 500')
})

t.test('an id that comes again names the segment it replaces (P-45)', async t => {
  const log = new Log()
  const history = log.append([at(1, 1), at(2, 2)])
  const tip = log.append([at(1, 9)], tipFloor)
  t.same(tip.head.supersedes, [[history.head.no, indicatorId(1)]])
  t.same(tip.head.superseded, [])
})

t.test(
  'what a later chain already holds anew is superseded when it is read (P-44, P-45)',
  async t => {
    const log = new Log()
    const later = log.journal.addChain(noon)
    const plan = (chain: typeof later, item: Item) => {
      const append = planAppend({
        journal: log.journal,
        chain,
        source: {},
        body: bodyOf([item]),
        now: noon + 1000,
        open: undefined,
        floor: undefined
      })
      log.journal.put(append.head, [item.id])
      return append
    }
    plan(later, at(1, 100))
    const older = plan(log.chain, at(1, -100))
    t.same(older.head.superseded, [indicatorId(1)])
    t.same(older.head.supersedes, [])
    t.ok(log.journal.versions.superseded(older.head.no).has(indicatorId(1)))
  }
)

/** A log of two chains, each item in a segment of its own. */
function twoChains() {
  const { journal, chain } = new Log()
  const later = journal.addChain(noon)
  const put = (to: typeof chain, item: Item, options: Partial<AppendOptions> = {}) => {
    const { head } = planAppend({
      ...{ journal, chain: to, source: {}, body: bodyOf([item]), now: noon + 1000 },
      ...{ open: undefined, floor: undefined },
      ...options
    })
    journal.put(head, [item.id])
    return head
  }
  return { chain, later, put, owed: () => [...journal.versions.owed.keys()] }
}

t.test('what two chains owe, no time dating it, a newer version replaces in both', async t => {
  const { chain, later, put, owed } = twoChains()
  const first = put(later, at(1, 600_000))
  const second = put(chain, at(1, 600_000))
  const other = put(chain, at(2, 600_000))
  t.same(owed(), [first.no, second.no, other.no])
  const newer = put(later, at(1, 900), { floor: tipFloor })
  t.same(newer.supersedes, [
    [first.no, indicatorId(1)],
    [second.no, indicatorId(1)]
  ])
  t.same(owed(), [other.no])
})

t.test('what two chains owe is given for both at once', async t => {
  const { chain, later, put, owed } = twoChains()
  const first = put(later, at(1, 600_000))
  put(chain, at(1, 600_000))
  put(later, at(1, 600_000), { floor: tipFloor, undatedOf: first })
  t.same(owed(), [])
})

t.test(
  'what one chain owes and another gives of itself is owed no more, whichever was first',
  async t => {
    const [ahead, asNew] = [at(1, 600_000), { floor: tipFloor }]
    const one = twoChains()
    one.put(one.later, at(1, 1))
    one.put(one.chain, ahead)
    t.equal(one.owed().length, 1, 'an edit of what the later chain has')
    one.put(one.later, ahead, asNew)
    t.same(one.owed(), [])
    const other = twoChains()
    other.put(other.later, ahead, asNew)
    other.put(other.chain, ahead)
    t.same(other.owed(), [])
  }
)

t.test('a version that one chain alone owes is not replaced by what replaces another', async t => {
  const { chain, later, put, owed } = twoChains()
  put(later, at(1, 600_000))
  const edited = put(chain, at(1, 700_000))
  put(later, at(1, 900), { floor: tipFloor })
  t.same(owed(), [edited.no])
})

t.test(
  'a body read again gives its objects the dates they had, whatever was put between, taken away or moved (P-2, G2)',
  async t => {
    const change = fc.record({
      gone: fc.func(fc.boolean()),
      added: sorted,
      order: fc.infiniteStream(fc.nat())
    })
    fc.assert(
      fc.property(sorted, floors, change, (given, floor, { gone, added, order }) => {
        const { head, segment } = new Log().append(given, floor)
        const known = new Set(given.map(({ id }) => id))
        const left = given.filter(({ id }) => !gone(id))
        const page = [...left, ...added.filter(({ id }) => !known.has(id))]
        const shuffled = page
          .map(item => ({ item, key: order.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ item }) => item)
        const again = restore(head, pageOf(shuffled), { ...anyMember, now: noon + 86_400_000 })
        const before = dateByKey(segment)
        const after = dateByKey(again)
        for (const { id, time } of left)
          assert.equal(after.get(`${id}|${time ?? ''}`), before.get(`${id}|${time ?? ''}`))
        assert.deepEqual(
          again.dates,
          again.dates.toSorted((a, b) => a - b)
        )
        assert.equal(again.of, head.count)
      }),
      seeded
    )
    t.pass()
  }
)

t.test(
  'a tip segment read again holds its own members alone, a history segment what fits between its ends',
  async t => {
    const log = new Log()
    const history = log.append([at(1, 1), at(2, 5)]).head
    const tip = log.append([at(3, 6), at(4, 8)], tipFloor).head
    const page = pageOf([at(1, 1), at(9, 3), at(2, 5), at(3, 6), at(8, 7), at(4, 8), at(7, 20)])
    const idsOf = (segment: Segment) => segment.entries.ids()
    t.same(idsOf(restore(tip, page, anyMember)), [indicatorId(3), indicatorId(4)])
    t.same(idsOf(restore(history, page, anyMember)), [1, 9, 2].map(indicatorId))
    const isMember = ({ id }: { id: string }) => id !== indicatorId(9)
    t.same(
      idsOf(restore(history, page, { ...anyMember, isMember })),
      [1, 2].map(indicatorId),
      'but nothing that is known to lie elsewhere'
    )
  }
)

t.test(
  'an object that was edited since is not taken for the version that the segment held',
  async t => {
    const log = new Log()
    const { head } = log.append([at(1, 1), at(2, 2)], tipFloor)
    const again = restore(head, pageOf([at(2, 2), at(1, 9)]), anyMember)
    t.same(again.entries.ids(), [indicatorId(2)])
  }
)

t.test('a body from the store keeps every date, entry by entry', async t => {
  await fc.assert(
    fc.asyncProperty(sorted, floors, async (given, floor) => {
      const { head, segment } = new Log().append(given, floor)
      const again = redate(head, await decodeBody(await encodeBody(segment, 'rules')), noon + 1000)
      assert.deepEqual(again.dates, segment.dates)
      assert.deepEqual(objectsOf(again), objectsOf(segment))
    }),
    { ...seeded, numRuns: 200 }
  )
  t.pass()
})

t.test('a page read again reaches beyond a segment once it holds something later', async t => {
  const { head } = new Log().append([at(1, 1), at(2, 2)])
  t.notOk(reachesBeyond(head, pageOf([at(1, 1), at(2, 2)]), noon + 5000))
  t.ok(reachesBeyond(head, pageOf([at(1, 1), at(4, 4)]), noon + 5000))
  t.notOk(reachesBeyond(head, pageOf([at(1, 1), at(9, 9000)]), noon + 5000), 'ahead of the clock')
  t.notOk(reachesBeyond(head, pageOf([{ id: indicatorId(1) }]), noon + 5000))
})

t.test('a chain leaves out what surely lies before its start, and nothing else (P-44)', async t => {
  const kept = (time?: string) =>
    fromChainStart(bodyOf([{ id: indicatorId(1), ...(time && { time }) }]), noon, noon + 86_400_000)
      .entries.length
  t.equal(kept('2026-01-15T11:59:59.999Z'), 0)
  t.equal(kept('2026-01-15T12:00:00Z'), 1)
  t.equal(kept('2026-01-15T13:00:00+02:00'), 1, 'at 11 in UTC, at 13 as text')
  t.equal(kept('2026-01-15T11:00:00-02:00'), 1, 'at 13 in UTC, at 11 as text')
  t.equal(kept('2026-01-15T11:00:00+02:00'), 0)
  t.equal(kept('soon'), 1)
  t.equal(kept(), 1)
})
