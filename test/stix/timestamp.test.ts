import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  isTimestamp,
  isZoneless,
  toInstant,
  toMillis,
  toNaturalMillis,
  toTs6,
  toWholeSeconds
} from '../../src/stix/timestamp.ts'

const seeded = { seed: 20_261_127, numRuns: 2000 }

/** The reference: a time as parts, its instant counted day by day in whole numbers of any size. */
interface Time {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Digits as written. */
  readonly fraction: string
  readonly offsetMinutes: number
}

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const monthDays = (year: number) => [
  31,
  isLeap(year) ? 29 : 28,
  31,
  30,
  31,
  30,
  31,
  31,
  30,
  31,
  30,
  31
]

const daysBefore = Array.from({ length: 10_001 }, () => 0)
for (let year = 0; year < 10_000; year++)
  daysBefore[year + 1] = daysBefore[year]! + (isLeap(year) ? 366 : 365)

/** Whole seconds since the beginning of 1970. */
function referenceSeconds({ year, month, day, hour, minute, second, offsetMinutes }: Time): bigint {
  const inYear = monthDays(year)
    .slice(0, month - 1)
    .reduce((sum, days) => sum + days, day - 1)
  const days = BigInt(daysBefore[year]! - daysBefore[1970]! + inYear)
  return days * 86_400n + BigInt(hour * 3600 + minute * 60 + second - offsetMinutes * 60)
}

/** Two instants by the reference: seconds, then the digits behind the point. */
function compareTimes(a: Time, b: Time): number {
  const [first, second] = [referenceSeconds(a), referenceSeconds(b)]
  if (first !== second) return first < second ? -1 : 1
  const digits = Math.max(a.fraction.length, b.fraction.length)
  const [left, right] = [a, b].map(({ fraction }) => BigInt(`0${fraction.padEnd(digits, '0')}`))
  return left! < right! ? -1 : left! > right! ? 1 : 0
}

const two = (value: number) => String(value).padStart(2, '0')

function write(
  time: Time,
  form: { t: string; zone: 'Z' | 'z' | 'offset' | 'basic' | 'none' }
): string {
  const { year, month, day, hour, minute, second, fraction, offsetMinutes: offset } = time
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  const clock = `${two(hour)}:${two(minute)}:${two(second)}${fraction && `.${fraction}`}`
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map(two)
  const signed = `${offset < 0 ? '-' : '+'}${hours}${form.zone === 'basic' ? '' : ':'}${minutes}`
  const zone = { Z: 'Z', z: 'z', none: '', offset: signed, basic: signed }[form.zone]
  return `${date}${form.t}${clock}${offset === 0 ? zone : signed}`
}

const digits = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^[0-9]{1,12}$/),
  fc.constantFrom('0', '000', '822', '822315', '1699798608', '9999999999', '0000000000', '5')
)
const time: fc.Arbitrary<Time> = fc
  .record({
    year: fc.oneof(
      fc.integer({ min: 1, max: 9998 }),
      fc.constantFrom(1, 99, 100, 1900, 1969, 1970, 2000, 5138)
    ),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 }),
    hour: fc.nat(23),
    minute: fc.nat(59),
    second: fc.oneof(fc.nat(60), fc.constantFrom(0, 59, 60)),
    fraction: digits,
    offsetMinutes: fc.oneof(fc.constant(0), fc.integer({ min: -1439, max: 1439 }))
  })
  .map(time => ({ ...time, day: Math.min(time.day, monthDays(time.year)[time.month - 1]!) }))
const form = fc.record({
  t: fc.constantFrom('T', 't', ' '),
  zone: fc.constantFrom('Z', 'z', 'offset', 'basic', 'none')
})

t.test('a time of any year, precision and offset is read as its instant', async () => {
  fc.assert(
    fc.property(time, form, (time, form) => {
      const text = write(time, form)
      const millis = referenceSeconds(time) * 1000n + BigInt(`0${time.fraction}000`.slice(1, 4))
      assert.equal(BigInt(toMillis(text)!), millis, text)
      const cut = time.fraction.padEnd(9, '9')
      const roundsUp = BigInt(cut.slice(3)) > 0n ? 1n : 0n
      const natural = referenceSeconds(time) * 1000n + BigInt(cut.slice(0, 3)) + roundsUp
      assert.equal(BigInt(toNaturalMillis(text)!), natural, text)
    }),
    seeded
  )
})

t.test(
  'instants compare as text in the order of time, in every year, and are equal when it is',
  async () => {
    const near = fc
      .tuple(time, fc.integer({ min: -1, max: 1 }), digits)
      .map(([time, step, fraction]) => {
        const second = Math.min(Math.max(time.second + step, 0), 59)
        return [time, { ...time, second, fraction }] as const
      })
    fc.assert(
      fc.property(fc.oneof(fc.tuple(time, time), near), form, form, ([a, b], first, second) => {
        const [left, right] = [toInstant(write(a, first))!, toInstant(write(b, second))!]
        const order = left < right ? -1 : left > right ? 1 : 0
        assert.equal(order, compareTimes(a, b), `${write(a, first)} ${write(b, second)}`)
      }),
      { ...seeded, numRuns: 5000 }
    )
  }
)

t.test('each of the years 0000 to 9999 is the year it says', async t => {
  for (let year = 0; year <= 9999; year++) {
    const text = `${String(year).padStart(4, '0')}-01-01T00:00:00.000000Z`
    if (toTs6(toMillis(text)!) !== text) t.fail(text)
  }
  t.equal(toTs6(toMillis('0001-01-01T00:00:00Z')!), '0001-01-01T00:00:00.000000Z')
  t.equal(toMillis('1969-12-31T23:59:59.999Z'), -1)
})

t.test('second 60 is the first of the next minute', async t => {
  t.equal(toMillis('2026-06-30T23:59:60.000Z'), Date.UTC(2026, 6, 1))
  t.equal(toInstant('2016-12-31T23:59:60Z'), toInstant('2017-01-01T00:00:00Z'))
})

t.test('a time without a zone is in UTC, and known as such', async t => {
  t.equal(toInstant('2026-11-01T00:00:00'), toInstant('2026-11-01T00:00:00Z'))
  for (const text of ['2026-11-01T00:00:00', '2026-11-01 00:00:00.5']) t.ok(isZoneless(text), text)
  for (const text of ['2026-11-01T00:00:00Z', '2026-11-01T00:00:00-01:00', '2026-11-01', 'soon'])
    t.notOk(isZoneless(text), text)
})

t.test('an offset and a Z, as some clients of Sekoia write, is the offset', async t => {
  t.equal(toInstant('2026-08-21T12:28:18.123456+02:00Z'), toInstant('2026-08-21T10:28:18.123456Z'))
  t.equal(toInstant('2026-08-21T12:28:18+02'), toInstant('2026-08-21T10:28:18Z'))
})

t.test('what names no instant of the years 0000 to 9999 is no timestamp', async t => {
  const texts = [
    '',
    'soon',
    '0000-00-00T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:61Z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+01:60',
    '2024-01-01T00:00:00+1:00',
    '2024-01-01T00:00:00ZZ',
    '2024-01-01T00:00:00Z ',
    '2024-01-01',
    '20240101T000000Z',
    '12024-01-01T00:00:00Z',
    '-001-01-01T00:00:00Z',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '9999-12-31T23:59:60Z'
  ]
  for (const text of texts) {
    t.notOk(isTimestamp(text), text)
    t.same(
      [toMillis(text), toNaturalMillis(text), toInstant(text)],
      [undefined, undefined, undefined]
    )
  }
})

t.test('what was read just before does not change what is read next', async () => {
  fc.assert(
    fc.property(
      time,
      form,
      fc.constantFrom('', '.', '.5', '.5Z', 'Z', 'z', '+01:00', 'x'),
      (time, form, tail) => {
        const text = write({ ...time, fraction: '' }, form).slice(0, 19) + tail
        toInstant('1970-01-01T00:00:00Z')
        const alone = toInstant(text)
        toInstant(`${text.slice(0, 19).replace(/[t ]/, 'T')}Z`)
        assert.equal(toInstant(text), alone, text)
      }
    ),
    seeded
  )
})

t.test('what is written has years of four digits, whatever the instant', async t => {
  t.equal(toTs6(-1), '1969-12-31T23:59:59.999000Z')
  t.equal(toTs6(Number.MIN_SAFE_INTEGER), '0000-01-01T00:00:00.000000Z')
  t.equal(toTs6(Number.MAX_SAFE_INTEGER), '9999-12-31T23:59:59.999000Z')
  t.equal(toWholeSeconds(-1), '1969-12-31T23:59:59Z')
  t.equal(toWholeSeconds(Number.MIN_SAFE_INTEGER), '0000-01-01T00:00:00Z')
  t.equal(toWholeSeconds(Number.MAX_SAFE_INTEGER), '9999-12-31T23:59:59Z')
})
