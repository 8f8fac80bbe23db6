import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Cut, cutPage, isEnough } from '../../src/kernel/page-cut.ts'

const seeded = { seed: 20_260_115, numRuns: 2000 }

/** Sizes of groups of equal date → the dates, ascending. */
const datesOf = (groups: readonly number[]): number[] =>
  groups.flatMap((size, group) => new Array<number>(size).fill(group))

/** What a reader does: takes one record after the other until it has enough for the cut. */
function cutOf(all: readonly number[], limit: number): Cut {
  const collected: number[] = []
  for (const date of all) {
    collected.push(date)
    if (isEnough(collected, limit)) break
  }
  return cutPage(collected, limit, false)
}

/** The rule of P-8 and P-12, with all records before one’s eyes. */
function naiveCut(all: readonly number[], limit: number): Cut {
  if (all.length <= limit) return { count: all.length, more: false }
  const group = all.filter(date => date === all[limit])
  const start = all.indexOf(group[0]!)
  const isSmall = group.length <= limit / 2
  return { count: isSmall ? start : limit, more: true }
}

const groups = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 })), {
  maxLength: 12
})
const limits = fc.integer({ min: 1, max: 24 })

t.test(
  'a page ends where the rule of ties says, for all limits and groups (P-8, P-12)',
  async t => {
    fc.assert(
      fc.property(groups, limits, (sizes, limit) => {
        const all = datesOf(sizes)
        assert.deepEqual(cutOf(all, limit), naiveCut(all, limit))
      }),
      seeded
    )
    t.pass()
  }
)

for (const [size, count] of [
  [1, 10],
  [2, 9],
  [5, 9],
  [6, 10],
  [30, 10]
] as const)
  t.test(
    `limit 10, a group of ${size} from the tenth place on: the page holds ${count} (P-12)`,
    async t => {
      const all = datesOf([...new Array<number>(9).fill(1), size, 1])
      t.same(cutOf(all, 10), { count, more: true })
    }
  )

t.test('n records: `more` is false at limit n and true at limit n−1 (P-8)', async t => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), n => {
      const all = datesOf(new Array<number>(n).fill(1))
      return !cutOf(all, n).more && cutOf(all, n - 1).more
    }),
    seeded
  )
  t.same(cutOf([], 5), { count: 0, more: false })
})

t.test(
  'a page with `more` is full, or at least half full where a group was spared (P-9, P-10)',
  async t => {
    fc.assert(
      fc.property(groups, limits, (sizes, limit) => {
        const { count, more } = cutOf(datesOf(sizes), limit)
        return !more || (count >= 1 && count <= limit && count >= limit / 2)
      }),
      seeded
    )
    t.pass()
  }
)

/** The same where the collecting had to stop: the last date seen may have more records than were seen. */
function naiveShortCut(seen: readonly number[], limit: number): Cut {
  if (seen.length > limit) return naiveCut(seen, limit)
  return { count: seen.filter(date => date !== seen.at(-1)).length, more: true }
}

t.test('cut short: `more` is true, and a date that may go on is left out (P-12, P-34)', async t => {
  t.same(cutPage([], 10, true), { count: 0, more: true })
  t.same(cutPage([1, 2, 3, 3], 10, true), { count: 2, more: true })
  t.same(cutPage([3, 3], 10, true), { count: 0, more: true })
  fc.assert(
    fc.property(groups, limits, (sizes, limit) => {
      const seen = datesOf(sizes)
      assert.deepEqual(cutPage(seen, limit, true), naiveShortCut(seen, limit))
    }),
    seeded
  )
})
