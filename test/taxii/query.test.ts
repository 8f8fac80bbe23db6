import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import { toInstant, toMillis } from '../../src/stix/timestamp.ts'
import { toStixTimestamp } from '../../src/stix/timestamp-form.ts'
import { parseInstant } from '../../src/taxii/instant.ts'
import { type Mode, modes } from '../../src/taxii/modes.ts'
import { resume } from '../../src/taxii/page-start.ts'
import type { Endpoint } from '../../src/taxii/parameters.ts'
import { parseQuery } from '../../src/taxii/query.ts'
import { failure } from '../support/failure.ts'

const seed = 20_240_101
const endpoints: readonly Endpoint[] = ['objects', 'manifest', 'object', 'versions']
const names = ['added_after', 'limit', 'next', 'match[id]', 'match[type]', 'match[version]']
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('first', 'last,all', '2024-01-01T00:00:00Z', '5', '%zz', ',', '2.1', '%00')
)
const query = fc
  .array(fc.tuple(fc.constantFrom(...names, 'match[spec_version]', 'x'), text, fc.boolean()))
  .map(pairs =>
    pairs.map(([name, value, raw]) => `${name}=${raw ? value : encodeURI(value.toWellFormed())}`)
  )

t.test('H-9: whatever the query, it is understood or 400', async t => {
  fc.assert(
    fc.property(query, fc.constantFrom(...endpoints), (pairs, endpoint) => {
      for (const mode of [modes.strict, modes.field]) {
        try {
          const selection = parseQuery(pairs.join('&'), endpoint, mode)
          const place = { endpoint, collectionId: '11111111-2222-4333-8444-555555555555' }
          t.match(resume(selection, place, mode).emptyDate, /Z$/)
        } catch (error) {
          t.ok(error instanceof GatewayError && error.kind === 'malformed', String(error))
        }
      }
    }),
    { seed, numRuns: 500 }
  )
})

t.test('D-7: an instant has whole milliseconds and six printed digits', async t => {
  for (const [given, millis, ts6] of [
    ['1970-01-01T00:00:00Z', 0, '1970-01-01T00:00:00.000000Z'],
    ['1970-01-01T00:00:00.0019999Z', 1, '1970-01-01T00:00:00.001999Z'],
    ['1969-12-31T23:59:59.9Z', -100, '1969-12-31T23:59:59.900000Z'],
    ['9999-12-31T23:59:59.999999Z', 253_402_300_799_999, '9999-12-31T23:59:59.999999Z']
  ] as const) {
    t.strictSame(parseInstant(given, 'utc'), { millis, ts6 })
  }
  t.equal(parseInstant('9999-12-31T23:59:59-01:00', 'any'), undefined, 'beyond year 9999')
})

t.test('D-7: a date alone is its first moment in UTC, in field mode only', async t => {
  const read = (text: string, mode: Mode = modes.field) =>
    parseQuery(`added_after=${text}`, 'objects', mode).addedAfter?.millis
  t.equal(read('2024-01-31'), Date.UTC(2024, 0, 31))
  for (const text of ['2024-02-30', '2024-1-31', '20240131'])
    t.throws(() => read(text), failure('malformed'), text)
  t.throws(() => read('2024-01-31', modes.strict), failure('malformed'))
})

const oddTimes = [
  '0001-01-01T00:00:00Z',
  '1601-01-01T00:00:00Z',
  '2083-01-01T00:00:00.000Z',
  '2023-11-12T14:16:40.1699798608Z',
  '2023-11-12T14:16:40',
  '2023-11-12 14:16:40.5',
  '2023-11-12t14:16:40z',
  '2023-11-12T14:16:40+05:30',
  '2026-06-30T23:59:60.000Z',
  '2016-12-31T23:59:60.000Z'
]

t.test('every time that can be read is taken as it stands, and repaired in every mode', async t => {
  const ask = (name: string, text: string, mode: Mode) =>
    parseQuery(`${name}=${encodeURIComponent(text)}`, 'objects', mode)
  for (const text of oddTimes) {
    const instant = toInstant(text)
    const repaired = toStixTimestamp(text, 3)!
    t.strictSame(ask('match[version]', text, modes.field).match.versions?.at, [instant], text)
    t.equal(ask('added_after', text, modes.field).addedAfter?.millis, toMillis(text))
    for (const mode of [modes.field, modes.strict]) {
      t.strictSame(ask('match[version]', repaired, mode).match.versions?.at, [instant], repaired)
      t.equal(ask('added_after', repaired, mode).addedAfter?.millis, toMillis(text))
    }
  }
})

t.test('a space before an offset is a plus, one before the time is a T', async t => {
  const selection = parseQuery('added_after=2024-01-01 00:00:00 02:00', 'objects', modes.field)
  t.equal(selection.addedAfter?.millis, Date.UTC(2023, 11, 31, 22))
})

t.test('modes: they differ in these points and no others', async t => {
  t.strictSame(modes.field, {
    emptyLists: true,
    lenientNext: true,
    lenientQuery: true,
    acceptsJson: true,
    absoluteRoots: true
  })
  t.ok(Object.values(modes.strict).every(value => value === false))
})
