import fc from 'fast-check'
import t from 'tap'
import { dateHistory, dateTip, naturalDate } from '../../src/feedlog/journal/dates.ts'
import { toInstant, toNaturalMillis } from '../../src/stix/timestamp.ts'
import { bodyOf, indicatorId, sekoiaTime } from '../support/bodies.ts'

const noon = Date.UTC(2026, 0, 15, 12)
const seeded = { seed: 20_260_115, numRuns: 500 }

const naturalOf = (time: string | undefined, now = noon) =>
  naturalDate(
    bodyOf([{ id: indicatorId(1), ...(time !== undefined && { time }) }]).entries[0]!.time,
    now
  )

/** Times of few seconds and of every length of fraction, so that neighbours and ties are common. */
const micros = fc
  .tuple(fc.nat(2), fc.constantFrom(1, 10, 100, 1000, 10_000, 100_000, 1e6), fc.nat(999_999))
  .map(([second, unit, rest]) => noon * 1000 + second * 1e6 + Math.floor(rest / unit) * unit)
const time = micros.map(sekoiaTime)

/** Natural dates within a few milliseconds of noon; some objects have none. */
const naturals = fc.array(
  fc.option(fc.integer({ min: noon - 5, max: noon + 5 }), { nil: undefined }),
  {
    minLength: 1,
    maxLength: 40
  }
)

const isAscending = (dates: readonly number[]) =>
  dates.every((date, i) => i === 0 || date >= dates[i - 1]!)

t.test(
  'a natural date is the own time rounded up to the millisecond, never before it (P-6)',
  async t => {
    t.equal(naturalOf('2026-01-15T12:00:00.123456Z'), noon + 124)
    t.equal(naturalOf('2026-01-15T12:00:00.123000000Z'), noon + 123)
    fc.assert(
      fc.property(time, text => {
        const [seconds, fraction = ''] = toInstant(text)!.split('.')
        const nanos = BigInt(seconds!) * 1_000_000_000n + BigInt(fraction)
        return BigInt(toNaturalMillis(text)!) * 1_000_000n >= nanos
      }),
      seeded
    )
  }
)

t.test('natural dates follow the order of the texts, as Sekoia’s pages do (P-41)', async t => {
  t.equal(naturalOf('2026-01-15T11:59:59Z'), noon)
  t.equal(naturalOf('2026-01-15T12:00:00.822315Z'), noon + 823)
  t.equal(naturalOf('2026-01-15T12:00:00.822Z'), noon + 823)
  fc.assert(
    fc.property(time, time, (a, b) => {
      const [first, second] = a < b ? [a, b] : [b, a]
      return toNaturalMillis(first)! <= toNaturalMillis(second)!
    }),
    seeded
  )
})

t.test(
  'an object whose time is missing, no time, or ahead of the clock has no natural date',
  async t => {
    t.equal(naturalOf(undefined), undefined)
    t.equal(naturalOf('yesterday'), undefined)
    t.equal(naturalOf('2026-01-15T12:00:01.001000000Z'), undefined)
    t.equal(naturalOf('2026-01-15T12:00:01.000000000Z'), noon + 1000)
    t.equal(naturalOf('1601-01-01T00:00:00Z'), 1, 'none is dated before 1970')
  }
)

t.test(
  'history: dates ascend from the predecessor’s and are never below the own time (P-1, P-41)',
  async t => {
    fc.assert(
      fc.property(naturals, fc.integer({ min: noon - 8, max: noon + 8 }), (given, previous) => {
        const { dates } = dateHistory(given, previous)
        return (
          isAscending([previous, ...dates]) &&
          given.every((natural, i) => natural === undefined || dates[i]! >= natural)
        )
      }),
      seeded
    )
    t.pass()
  }
)

t.test(
  'history: exactly the dates that do not follow from the object are stored (P-2)',
  async t => {
    fc.assert(
      fc.property(naturals, fc.integer({ min: noon - 8, max: noon + 8 }), (given, previous) => {
        const { dates, stored } = dateHistory(given, previous)
        const differing = dates.flatMap((date, i) => (date === given[i] ? [] : [i]))
        return JSON.stringify(stored) === JSON.stringify(differing)
      }),
      seeded
    )
    t.same(dateHistory([5, 3, 7], 0), { dates: [5, 5, 7], stored: [1] })
  }
)

t.test(
  'history: an object without a time takes its successor’s, the last one its predecessor’s (P-2)',
  async t => {
    t.same(dateHistory([5, undefined, undefined, 10], 0).dates, [5, 10, 10, 10])
    t.same(dateHistory([5, undefined], 0).dates, [5, 5])
    t.same(dateHistory([undefined], 7).dates, [7])
  }
)

/** Naturals for a tip: few for a millisecond each, or more than a hundred for up to twenty. */
const tips = fc.oneof(
  naturals,
  fc.array(fc.integer({ min: noon - 5, max: noon + 5 }), { minLength: 101, maxLength: 300 })
)

t.test(
  'tip: all dates lie strictly after the floor and after the log, and never below the own time (P-39, P-47)',
  async t => {
    const around = fc.integer({ min: noon - 8, max: noon + 8 })
    fc.assert(
      fc.property(tips, around, around, (given, previousDate, after) => {
        const dates = dateTip(given, { previousDate, after, keepUpTo: Number.NEGATIVE_INFINITY })
        return (
          isAscending(dates) &&
          dates.every((date, i) => date > Math.max(after, previousDate) && date >= (given[i] ?? 0))
        )
      }),
      seeded
    )
    t.same(
      dateTip([103], { previousDate: 90, after: 105, keepUpTo: Number.NEGATIVE_INFINITY }),
      [106],
      'the example of P-39'
    )
  }
)

t.test(
  'tip: no tie among few records, none of more than twenty in a large batch (P-12)',
  async t => {
    const around = fc.integer({ min: noon - 8, max: noon + 8 })
    fc.assert(
      fc.property(tips, around, around, (given, previousDate, after) => {
        const dates = dateTip(given, { previousDate, after, keepUpTo: Number.NEGATIVE_INFINITY })
        const sizes = [...Map.groupBy(dates, date => date).values()].map(group => group.length)
        return Math.max(...sizes) <= (given.length <= 100 ? 1 : 20)
      }),
      seeded
    )
    const batch = dateTip(new Array(2000).fill(noon), {
      previousDate: 0,
      after: noon,
      keepUpTo: Number.NEGATIVE_INFINITY
    })
    t.equal(batch.at(-1), noon + 100, 'two thousand records run a tenth of a second ahead, no more')
  }
)

t.test(
  'a journal begun anew: what is old enough keeps its own time, the rest is raised (P-43)',
  async t => {
    const created = noon
    const horizon = noon - 5
    t.same(
      dateTip([horizon - 2, horizon, horizon + 1, undefined], {
        previousDate: horizon - 3,
        after: created,
        keepUpTo: horizon
      }),
      [horizon - 2, horizon, created + 1, created + 2]
    )
    fc.assert(
      fc.property(naturals, given => {
        const dates = dateTip(given, { previousDate: 0, after: created, keepUpTo: horizon })
        return (
          isAscending(dates) &&
          dates.every((date, i) => date > created || (date <= horizon && date >= given[i]!))
        )
      }),
      seeded
    )
  }
)
