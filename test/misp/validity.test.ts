import t from 'tap'
import { hasImpossibleEnd, validUntil } from '../../src/misp/mapping/validity.ts'
import { stixId } from '../support/objects.ts'

/** Which ends of validity are believed, to the millisecond (MP-14). */

const object = (members: object) => ({ id: stixId('indicator', 1), type: 'indicator', ...members })
const from = '2024-05-01T00:00:00Z'

for (const [valid_until, valid_from, isEnd] of [
  ['2024-05-01T00:00:00.001Z', from, true],
  ['2024-05-01T00:00:00.000Z', from, false],
  ['2024-04-30T23:59:59.999Z', from, false],
  ['1971-01-01T00:00:00.000Z', undefined, true],
  ['1970-12-31T23:59:59.999Z', undefined, false],
  ['1970-01-01T00:00:00Z', '1969-01-01T00:00:00Z', false],
  ['0001-01-01T00:00:00Z', undefined, false],
  ['9999-12-31T23:59:59Z', from, true],
  ['2024-05-01T00:00:00Z', 'never', true]
] as const) {
  t.test(`${valid_until} after ${valid_from} is ${isEnd ? 'an' : 'no'} end`, async t => {
    const indicator = object({ valid_from, valid_until })
    t.equal(validUntil(indicator), isEnd ? Date.parse(valid_until) : undefined)
    t.equal(hasImpossibleEnd(indicator), !isEnd)
  })
}

t.test('no end, and one that is no time, are not impossible', async t => {
  for (const valid_until of [undefined, 'soon', 5]) {
    const indicator = object({ valid_from: from, valid_until })
    t.equal(validUntil(indicator), undefined)
    t.equal(hasImpossibleEnd(indicator), false)
  }
})
