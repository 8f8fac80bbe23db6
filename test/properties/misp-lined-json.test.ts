import fc from 'fast-check'
import t from 'tap'
import { atOnce, type Work } from '../../src/kernel/give-way.ts'
import { readLined, writeLined } from '../../src/misp/events/lined-json.ts'

/** Events and buckets are written and read in pieces: an item of a list a line. */

const seed = 20260112

const text = fc.string({ unit: 'binary' })
const item = fc.oneof(
  text,
  fc.record({ value: text, Tag: fc.array(fc.record({ name: text })) }),
  fc.jsonValue().map(value => ({ value })),
  fc.constantFrom('"rows":[', '],"rows":[', '\n', ']', ',', '{"a":[')
)
const member = fc.oneof(
  fc.array(item, { maxLength: 40 }),
  fc.array(item, { minLength: 101, maxLength: 130 }),
  fc.jsonValue(),
  fc.constant(undefined)
)
const part = fc.record({ name: fc.jsonValue(), rows: member, notes: member, ids: member })

const asJson = (value: unknown) => JSON.parse(JSON.stringify(value))

t.test('what is written is the JSON of the object, and is read as it was', async t => {
  fc.assert(
    fc.property(part, object => {
      const alone = atOnce(writeLined(object))
      t.same(JSON.parse(alone.toString()), asJson(object))
      t.same(atOnce(readLined(alone, (whole: object) => whole)), asJson(object))
      const inside = atOnce(writeLined(object, '{"Event":', '}'))
      const read = atOnce(readLined(inside, (whole: { Event: object }) => whole.Event))
      t.equal(JSON.stringify(read), JSON.stringify(object), 'members are in their order')
    }),
    { seed, numRuns: 300 }
  )
})

t.test('JSON without lines, as older gateways wrote it, is read too', async t => {
  fc.assert(
    fc.property(part, object => {
      const bytes = Buffer.from(JSON.stringify(object))
      t.equal(JSON.stringify(atOnce(readLined(bytes, (whole: object) => whole))), `${bytes}`)
    }),
    { seed, numRuns: 100 }
  )
})

t.test('however long a list is, the work may be interrupted every few items', async t => {
  const rows = Array.from({ length: 1000 }, (_, n) => ({ n }))
  const pausesOf = (work: Work<unknown>) => {
    let pauses = 0
    while (!work.next().done) pauses++
    return pauses
  }
  t.ok(pausesOf(writeLined({ rows })) >= 50)
  t.ok(pausesOf(readLined(atOnce(writeLined({ rows })), (whole: object) => whole)) >= 50)
})
