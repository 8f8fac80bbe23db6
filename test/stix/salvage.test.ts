import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  makeOdd,
  type OddItem,
  type OddShape,
  oddItems,
  oddShapes
} from '../../src/demo/corpus/odd.ts'
import type { Page } from '../../src/kernel/ports.ts'
import { sliceObjects, slicePage } from '../../src/stix/slice.ts'
import { failure } from '../support/failure.ts'
import { stixId } from '../support/objects.ts'

const seeded = { seed: 20_261_127, numRuns: 2000 }
const badAnswer = failure('bad-answer')

const indicator = (n: number) => ({
  type: 'indicator',
  spec_version: '2.1',
  id: stixId('indicator', n),
  created: '2024-01-02T03:04:05.000Z',
  modified: '2024-01-02T03:04:05.678Z',
  name: `"quoted" {braces} [brackets], ${n}`,
  pattern: "[file:name = 'a\\\\b},{c'] AND [url:value = 'x']",
  pattern_type: 'stix',
  valid_from: '2024-01-02T03:04:05Z',
  external_references: [{ source_name: 'a' }, { source_name: 'b' }]
})
const textOf = (n: number) => JSON.stringify(indicator(n))

const bodyOf = (items: readonly (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from('{"items":['),
    ...items.flatMap(item => [Buffer.from(','), Buffer.from(item)]).slice(1),
    Buffer.from('],"next_cursor":"the cursor"}')
  ])

const objectsOf = (page: Page): string[] =>
  page.entries.map(({ offset, length }) => page.bytes.toString('utf8', offset, offset + length))

const oddItem = (kind: OddItem | OddShape, n: number): Buffer => {
  const odd = makeOdd(kind, indicator(n), { micros: 0, size: kind === 'huge' ? 1000 : undefined })
  return odd.raw?.() ?? Buffer.from(odd.json)
}

const readable: readonly string[] = ['huge', ...oddShapes]

t.test('an item that cannot be read is left out alone, wherever it stands', async t => {
  for (const kind of oddItems.filter(kind => !readable.includes(kind))) {
    const odd = oddItem(kind, 9)
    for (const place of [0, 1, 3]) {
      const items: (string | Buffer)[] = [0, 1, 2].map(textOf)
      items.splice(place, 0, odd)
      const page = slicePage(bodyOf(items), { repair: true })
      t.same(objectsOf(page), [0, 1, 2].map(textOf), kind)
      t.equal(page.nextCursor, 'the cursor')
      t.equal(page.itemCount, 4)
      const [{ index, bytes, id }] = page.unreadable as NonNullable<Page['unreadable']> as [
        NonNullable<Page['unreadable']>[number]
      ]
      t.equal(index, place)
      t.ok(bytes.equals(odd), `${kind}: its bytes`)
      const isNamed = odd.includes(stixId('indicator', 9))
      t.equal(id, isNamed ? stixId('indicator', 9) : undefined, `${kind}: its id`)
    }
  }
})

t.test('what is only deep, large or written twice is read', async t => {
  for (const kind of ['huge', ...oddShapes] as const) {
    const text = oddItem(kind, 9).toString()
    const page = slicePage(bodyOf([textOf(0), text, textOf(1)]), { repair: true })
    t.same(objectsOf(page), [textOf(0), text, textOf(1)], kind)
    t.same(page.unreadable, [])
  }
})

t.test('nesting is bounded by nothing but the size of the answer', async t => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['[[0],{"b":', '}]']
  ] as const) {
    const deep = `${open.repeat(300_000)}1${close.repeat(300_000)}`
    const text = `${textOf(1).slice(0, -1)},"x_deep":${deep}}`
    const page = slicePage(bodyOf([textOf(0), text]), { repair: true })
    t.equal(page.entries.length, 2)
    t.ok(objectsOf(page)[1] === text)
    const broken = text.replace('1}', 'NaN}').replace('1]', 'NaN]')
    const rest = slicePage(bodyOf([textOf(0), broken, textOf(2)]), { repair: true })
    t.same(objectsOf(rest), [textOf(0), textOf(2)])
  }
})

/** Breaks an item: a byte is put in, taken out or written over. */
const damage = fc.record({
  item: fc.nat(),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  remove: fc.nat(2),
  insert: fc.constantFrom(
    '',
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    '\\',
    '\u0001',
    'x',
    'NaN',
    '},{',
    '"}',
    ':'
  )
})

function broken(
  text: string,
  { at, remove, insert }: { at: number; remove: number; insert: string }
) {
  const place = Math.floor(at * text.length)
  return text.slice(0, place) + insert + text.slice(place + remove)
}

t.test('property: what happens to some items takes no sound one with it', async () => {
  const damages = fc.array(damage, { minLength: 1, maxLength: 4 })
  const space = fc.constantFrom('', ' ', '\n  ')
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), damages, space, (count, damages, space) => {
      const texts = Array.from({ length: count }, (_, n) => textOf(n))
      const hit = new Set<number>()
      for (const one of damages) {
        const n = one.item % count
        hit.add(n)
        texts[n] = broken(texts[n]!, one)
      }
      const page = slicePage(bodyOf(texts.map(text => `${space}${text}${space}`)), {
        repair: false
      })
      const found = new Set(objectsOf(page))
      for (let n = 0; n < count; n++)
        if (!hit.has(n)) assert.ok(found.has(textOf(n)), `${n} is lost`)
      assert.equal(page.nextCursor, 'the cursor')
      for (const text of found) assert.ok(isWhole(text, texts), `made up: ${text}`)
    }),
    { ...seeded, numRuns: 5000 }
  )
})

/** An item as it was sent, not a piece of one. */
const isWhole = (text: string, sent: readonly string[]) =>
  sent.some(item => item.includes(text) && JSON.parse(text).pattern)

t.test('what a stray bracket cuts off an item is not served as the item', async t => {
  for (const cut of [',"created"', ',"pattern"', ',"external_references"']) {
    const item = textOf(9).replace(cut, `}${cut}`)
    const page = slicePage(bodyOf([textOf(0), item, textOf(1)]), { repair: true })
    t.same(objectsOf(page), [textOf(0), textOf(1)], cut)
    t.same(
      page.unreadable?.map(({ bytes }) => bytes.toString()),
      [item]
    )
  }
})

t.test('objects inside a broken item are not taken for items', async t => {
  const inner = [1, 2, 3].map(textOf)
  const list = `"x_objects":[${inner.join(',')}]`
  for (const item of [
    `${textOf(9).slice(0, -1)},"x_score":NaN,${list}}`,
    `${textOf(9).slice(0, -1)},${list},"x_score":NaN}`,
    `${textOf(9).slice(0, -1)},"x_note":"no end,${list}}`
  ]) {
    const page = slicePage(bodyOf([textOf(0), item, textOf(10)]), { repair: false })
    t.same(objectsOf(page), [textOf(0), textOf(10)])
    t.equal(page.unreadable?.length, 1)
  }
})

t.test('a comma too many or too few between items spoils nothing', async t => {
  const [a, b] = [textOf(0), textOf(1)]
  for (const list of [`${a},,${b}`, `,${a},${b}`, `${a},${b},`, `${a}${b}`, `${a} ${b}`]) {
    const page = slicePage(Buffer.from(`{"items":[${list}],"next_cursor":"c"}`), { repair: false })
    t.same(objectsOf(page), [a, b])
  }
})

t.test('the cursor is found before the items, behind them, and beside other members', async t => {
  const items = `"items":[${textOf(0)},{"a":NaN}]`
  for (const [body, cursor] of [
    [`{"next_cursor":"c]}","total":2,${items}}`, 'c]}'],
    [`{${items},"more":[1,[2]],"next_cursor":"c"}`, 'c'],
    [`{${items},"next_cursor":"c","more":{"a":[1]}}`, 'c'],
    [`{${items},"next_cursor":null}`, null],
    [`{ ${items} , "next_cursor" : "" } \n`, null]
  ] as const) {
    const page = slicePage(Buffer.from(body), { repair: true })
    t.equal(page.nextCursor, cursor, body)
    t.same(objectsOf(page), [textOf(0)])
    t.equal(page.itemCount, 2)
  }
})

t.test('a damaged page whose cursor or end cannot be found is a bad answer', async t => {
  const start = `{"items":[${textOf(0)},{"a":NaN}`
  for (const end of [
    '',
    ']',
    ']}',
    '],"next_cursor":}',
    '],"next_cursor":"c"',
    '],"next_cursor":"c","next_cursor":"d"}',
    '],"next_cursor":"c"}x'
  ]) {
    t.throws(() => slicePage(Buffer.from(start + end), { repair: true }), badAnswer, end)
  }
  t.throws(
    () => slicePage(Buffer.from(`${start}],"next_cursor":"caf\xe9"}`, 'latin1'), { repair: true }),
    badAnswer
  )
})

t.test('a page so damaged that its items are not to be told apart is a bad answer', async t => {
  const open = `${textOf(0).slice(0, -1)},"x":[1`
  const hopeless = [`${open},`.repeat(3000), Array.from({ length: 3000 }, () => open).join(',')]
  for (const items of hopeless)
    t.throws(() => slicePage(bodyOf([items]), { repair: true }), badAnswer)
  const few = bodyOf([textOf(0), open, textOf(1), open, textOf(2)])
  t.equal(slicePage(few, { repair: true }).entries.length, 3)
})

t.test('of objects by id, too, the broken one alone is left out', async t => {
  const broken = `${textOf(1).slice(0, -1)},"x":NaN}`
  const several = sliceObjects(Buffer.from(`{"items":[${broken},${textOf(0)}],"total":2}`), {
    repair: true
  })
  t.same(objectsOf(several), [textOf(0)])
  const one = sliceObjects(Buffer.from(`{"data":${broken}}`), { repair: true })
  t.same(one.entries, [])
  t.equal(one.unreadable?.[0]?.id, stixId('indicator', 1))
  for (const cut of [broken.slice(0, -1), broken.slice(0, -20)])
    t.throws(() => sliceObjects(Buffer.from(`{"data":${cut}}`), { repair: true }), badAnswer)
})
