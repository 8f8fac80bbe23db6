import t from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { Page } from '../../src/kernel/ports.ts'
import { sliceObjects, slicePage } from '../../src/stix/slice.ts'
import { failure } from '../support/failure.ts'
import type { JsonObject } from '../support/naive-repair.ts'
import { bodyOf, objectsOf } from '../support/sliced.ts'

const valid = {
  type: 'indicator',
  spec_version: '2.1',
  id: 'indicator--00000000-0000-4000-8000-000000000001',
  created: '2024-01-02T03:04:05.000Z',
  modified: '2024-01-02T03:04:05.678901Z',
  name: 'a "quoted" name, é, \u{1f4a5} and \\',
  valid_from: '2024-01-02T03:04:05Z',
  description: '',
  confidence: -1.5e3,
  revoked: false,
  x_list: [1, [true, 'x'], { a: 1 }]
}

const badAnswer = failure('bad-answer')

function repaired(item: unknown): { object: JsonObject; page: Page; rules: string[] } {
  const rules: string[] = []
  const page = slicePage(bodyOf([item]), { repair: true, onRepair: rule => rules.push(rule) })
  return { object: JSON.parse(page.bytes.toString()), page, rules: rules.sort() }
}

/** The single object `valid` with other members, `undefined` taking one out. */
const like = (members: object) => ({ ...valid, ...members })

t.test('a valid object leaves byte for byte, white space and escapes included (G10)', async t => {
  const text = JSON.stringify(valid, null, 3).replace('quoted', '\\u0071uoted \\/ \\ud83d\\ude00')
  const rules: string[] = []
  const body = Buffer.from(` {"items" : [ ${text} ,\n${text}\t] , "next_cursor":null}\n`)
  const page = slicePage(body, { repair: true, onRepair: rule => rules.push(rule) })
  t.equal(page.bytes.toString(), `${text},${text}`)
  t.same(objectsOf(page), [text, text])
  t.same(rules, [])
})

t.test('the index holds the fields of each object', async t => {
  const { page } = repaired(valid)
  t.same(page.entries, [
    {
      id: valid.id,
      type: 'indicator',
      created: valid.created,
      modified: valid.modified,
      specVersion: '2.1',
      time: valid.modified,
      offset: 0,
      length: page.bytes.length
    }
  ])
  t.equal(page.nextCursor, 'c')
  t.equal(page.itemCount, 1)
})

t.test('fields are found under escaped keys and read through escapes', async t => {
  const body = Buffer.from('{"items":[{"\\u0069d":"x--\\u00e9","type":"\\u0078"}]}')
  const [entry] = slicePage(body, { repair: true }).entries
  t.equal(entry?.id, 'x--é')
  t.equal(entry?.type, 'x')
})

t.test('fields of nested objects are not taken for those of the item', async t => {
  const { page } = repaired({ extra: { id: 'x--2', type: 'y', modified: 'z' }, ...valid })
  t.equal(page.entries[0]?.id, valid.id)
  t.equal(page.entries[0]?.modified, valid.modified)
})

t.test('spec-version: inserted where it is missing, null or empty', async t => {
  for (const spec_version of [undefined, null, '', [], {}, 2.1, [1, null]]) {
    const { object, page, rules } = repaired(like({ spec_version }))
    t.equal(object['spec_version'], '2.1')
    t.equal(page.entries[0]?.specVersion, '2.1')
    t.ok(rules.includes('spec-version'))
  }
})

t.test('spec-version: comes right after the opening brace', async t => {
  const { page } = repaired({ gone: null, ...like({ spec_version: undefined }) })
  t.match(page.bytes.toString(), /^\{"spec_version":"2.1","type":"indicator",/)
})

t.test('spec-version: a cyber-observable is given one too', async t => {
  const observable = {
    type: 'domain-name',
    id: 'domain-name--00000000-0000-5000-8000-000000000001',
    value: 'example.com'
  }
  const { page, rules } = repaired(observable)
  t.same(JSON.parse(page.bytes.toString()), { ...observable, spec_version: '2.1' })
  t.equal(page.entries[0]?.specVersion, '2.1')
  t.equal(page.entries[0]?.time, undefined)
  t.same(rules, ['spec-version'])
})

t.test('null: members and elements go at any depth, commas stay right', async t => {
  const { object, rules } = repaired({
    first: null,
    second: null,
    ...like({
      middle: null,
      list: [null, 1, null, null, 2, null],
      deep: { a: null, b: [{ c: null, d: 1 }] }
    }),
    last: null
  })
  t.same(object, { ...valid, list: [1, 2], deep: { b: [{ d: 1 }] } })
  t.same(rules, Array(10).fill('null'))
})

t.test('empty: what is empty, or becomes it through removals, goes', async t => {
  const { object, rules } = repaired(
    like({ labels: [], external_references: [{ url: null }, {}], extensions: { x: { y: [[]] } } })
  )
  t.same(object, valid)
  t.same(rules, ['empty', 'empty', 'empty'])
})

t.test(
  'timestamp: created and modified get milliseconds, the others keep their precision',
  async t => {
    const { object, page, rules } = repaired(
      like({ created: '2024-01-02T03:04:05Z', modified: '2024-01-02T03:04:05.6Z' })
    )
    t.equal(object['created'], '2024-01-02T03:04:05.000Z')
    t.equal(object['modified'], '2024-01-02T03:04:05.600Z')
    t.equal(object['valid_from'], valid.valid_from)
    t.equal(page.entries[0]?.created, '2024-01-02T03:04:05.000Z')
    t.equal(page.entries[0]?.modified, '2024-01-02T03:04:05.600Z')
    t.equal(page.entries[0]?.time, '2024-01-02T03:04:05.6Z')
    t.same(rules, ['timestamp', 'timestamp'])
  }
)

t.test('timestamp: offsets and small letters are brought to UTC with their digits', async t => {
  const { object } = repaired(
    like({ modified: '2024-01-02T00:30:05.123456+01:00', valid_from: '2024-01-02t03:04:05z' })
  )
  t.equal(object['modified'], '2024-01-01T23:30:05.123456Z')
  t.equal(object['valid_from'], '2024-01-02T03:04:05Z')
})

t.test('timestamp: an optional one that cannot be read is removed', async t => {
  for (const valid_until of ['soon', '', 12, '2024-13-01T00:00:00Z', '2024-02-30T00:00:00Z', [1]]) {
    const { object, rules } = repaired(like({ valid_until }))
    t.same(object, valid)
    t.same(rules, ['timestamp'])
  }
})

t.test('timestamp: valid_from falls back on created, wherever it stands', async t => {
  const { valid_from, ...withoutStart } = valid
  const { object } = repaired({ valid_from: 'soon', ...withoutStart })
  t.equal(object['valid_from'], valid.created)
})

t.test('timestamp: created and modified stand in for each other', async t => {
  const one = repaired(like({ created: 'never', valid_from: 'soon' }))
  t.equal(one.object['created'], valid.modified)
  t.equal(one.object['valid_from'], valid.modified)
  t.equal(one.page.entries[0]?.created, valid.modified)
  const other = repaired(like({ modified: { at: [null, 1] } }))
  t.equal(other.object['modified'], valid.created)
  t.equal(other.page.entries[0]?.time, valid.created)
})

t.test('timestamp: what nothing can mend is left and counted as unrepaired', async t => {
  const { object, page, rules } = repaired(like({ created: 'never', modified: 'ever' }))
  t.same(object, like({ created: 'never', modified: 'ever' }))
  t.equal(page.entries[0]?.time, 'ever')
  t.same(rules, ['unrepaired', 'unrepaired'])
})

t.test('timestamp: a second 60 that never was is the next one', async t => {
  const { object, rules } = repaired(like({ modified: '2026-06-30T23:59:60.000Z' }))
  t.equal(object['modified'], '2026-07-01T00:00:00.000Z')
  t.same(rules, ['timestamp'])
})

t.test('a leap second and more than nine digits are valid and stay', async t => {
  const item = like({
    created: '2016-12-31T23:59:60.000Z',
    valid_from: '2024-01-02T03:04:05.1234567891Z'
  })
  const { page, rules } = repaired(item)
  t.equal(page.bytes.toString(), JSON.stringify(item))
  t.same(rules, [])
})

t.test('items that are not STIX objects are left out, reported and part of itemCount', async t => {
  const items = [
    1,
    null,
    [],
    'x',
    {},
    { id: 1, type: 'x' },
    { id: 'x' },
    valid,
    { type: 'x', id: null }
  ]
  const page = slicePage(bodyOf(items), { repair: true })
  t.equal(page.itemCount, 9)
  t.same(objectsOf(page), [JSON.stringify(valid)])
  t.same(
    page.unreadable?.map(({ index, fault, bytes }) => [index, fault, JSON.parse(bytes.toString())]),
    items.flatMap((item, index) => (item === valid ? [] : [[index, 'not-stix', item]]))
  )
})

t.test('without repair every object stays as it is', async t => {
  const item = like({ spec_version: undefined, labels: [], created: 'never', x: null })
  const page = slicePage(bodyOf([item]), { repair: false })
  t.equal(page.bytes.toString(), JSON.stringify(item))
  t.equal(page.entries[0]?.specVersion, undefined)
  t.equal(page.entries[0]?.created, 'never')
})

t.test('an absent, null or empty cursor is null; an empty page is a page', async t => {
  for (const rest of [{}, { next_cursor: null }, { next_cursor: '' }]) {
    const page = slicePage(bodyOf([], rest), { repair: true })
    t.equal(page.nextCursor, null)
    t.equal(page.bytes.length, 0)
    t.same(page.entries, [])
  }
  t.equal(slicePage(bodyOf([], { next_cursor: 'a"b\\' }), { repair: true }).nextCursor, 'a"b\\')
})

t.test('every body that is not a page is a bad answer, never an empty page', async t => {
  const item = JSON.stringify(valid)
  const bodies = [
    '',
    ' ',
    '[]',
    'null',
    '"items"',
    '<html></html>',
    '{}',
    '{"message":"no","code":"T300"}',
    '{"items":{}}',
    '{"items":null}',
    '{"items":[]',
    '{"items":[]}}',
    '{"items":[]} x',
    '{"items":[],}',
    '{"items":[,]}',
    '{"items":[1,]}',
    '{"items":[],"items":[]}',
    '{"items":[],"next_cursor":"a","next_cursor":"a"}',
    '{"items":[],"next_cursor":1}',
    '{"items":[],"next_cursor":["a"]}',
    '{"items":[],"next_cursor":nul}',
    '{"items":[01]}',
    '{"items":[1.]}',
    '{"items":[-]}',
    '{"items":[1e]}',
    '{"items":["\\x"]}',
    '{"items":["\\u12g4"]}',
    '{"items":["\n"]}',
    '{"items":[True]}',
    '{items:[]}',
    '{"items":[{"a" 1}]}',
    '{"items":[{"a":1,}]}',
    '{"items":[{a:1}]}',
    '{"items" []}',
    `{"items":[${item}${item}]}`
  ]
  for (const body of [
    ...bodies.map(text => Buffer.from(text)),
    Buffer.from('{"items":["\xe9"]}', 'latin1')
  ]) {
    t.throws(() => slicePage(body, { repair: true }), badAnswer, body.toString().slice(0, 40))
  }
})

t.test('a page cut anywhere is a bad answer', async t => {
  const body = bodyOf([valid, like({ spec_version: undefined, x: [null, {}] })])
  for (let length = 0; length < body.length; length++) {
    t.throws(() => slicePage(body.subarray(0, length), { repair: true }), badAnswer)
  }
})

t.test('a bad answer says where it broke and repeats nothing of the body (G5)', async t => {
  const error = t.throws(() =>
    slicePage(Buffer.from('{"items":[secret]}'), { repair: true })
  ) as unknown
  t.ok(error instanceof GatewayError)
  const { cause, message } = error as GatewayError
  t.match((cause as Error).message, /at byte 10/)
  t.notMatch(`${message} ${(cause as Error).message}`, /secret/)
})

t.test('objects by id: one under data, several under items or _items', async t => {
  const text = JSON.stringify(valid)
  for (const body of [
    `{"data":${text}}`,
    `{"items":[${text}]}`,
    `{"_items":[${text}],"total":1}`
  ]) {
    const page = sliceObjects(Buffer.from(body), { repair: true })
    t.same(objectsOf(page), [text])
    t.equal(page.nextCursor, null)
  }
  for (const body of ['{}', '{"data":null}', '{"data":[]}', `{"data":${text},"items":[]}`]) {
    t.throws(() => sliceObjects(Buffer.from(body), { repair: true }), badAnswer)
  }
})

t.test('a page is not made in memory that its body shares with others', async t => {
  const marking = `{"type":"marking-definition","id":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"}`
  const json = (count: number) =>
    Buffer.from(`{"items":[${Array(count).fill(marking).join()}],"next_cursor":null}`)
  const whole = slicePage(json(20), { repair: true }).bytes
  const pool = new ArrayBuffer(whole.length + 64)
  const body = Buffer.from(pool, 0, json(20).copy(Buffer.from(pool)))
  t.ok(body.length < pool.byteLength / 2)
  const others = Buffer.from(pool, body.length).fill(7)
  t.same(slicePage(body, { repair: true, inPlace: true }).bytes, whole)
  t.ok(others.every(byte => byte === 7))
})
