import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { slicePage } from '../../src/stix/slice.ts'
import { type JsonObject, naiveRepair } from '../support/naive-repair.ts'
import { bodyOf, objectsOf } from '../support/sliced.ts'

const seed = 20260921

const times = fc.oneof(
  fc.constantFrom(
    '2024-01-02T03:04:05Z',
    '2024-01-02T03:04:05.12Z',
    '2024-02-30T03:04:05Z',
    'soon',
    ''
  ),
  fc.constantFrom(
    '2024-01-31T23:04:05.123456-02:00',
    '2024-01-02t03:04:05.9z',
    '2024-12-31T23:59:59.999Z',
    '2024-01-02T03:04:05',
    '2023-01-02 03:04:05.1699798608',
    '2024-06-30T23:59:60Z',
    '0001-01-01T00:00:00Z'
  ),
  fc.constantFrom(null, 7, [], { a: null })
)
const timeNames = [
  'created',
  'modified',
  'valid_from',
  'valid_until',
  'first_seen',
  'published',
  'first_observed',
  'stop_time'
]
const types = [
  'indicator',
  'report',
  'relationship',
  'malware',
  'observed-data',
  'ipv4-addr',
  'x-own'
]
const membersOfTypes = ['pattern', 'name', 'object_refs', 'source_ref', 'value', 'number_observed']
const keys = fc.oneof(fc.constantFrom('a', 'id', 'type', 'created', 'labels'), fc.string())
const { value: json } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '', [], {}),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 })
  )
}))

const lists = ['external_references', 'kill_chain_phases', 'granular_markings', 'x_list']
const listElement = fc.oneof(
  json,
  fc.dictionary(fc.constantFrom('source_name', 'phase_name', 'selectors', 'url'), json)
)

const itemArbitrary = fc
  .tuple(
    fc.dictionary(
      fc.string().filter(key => key !== '__proto__' && key !== 'id' && key !== 'type'),
      json
    ),
    fc.dictionary(fc.constantFrom(...timeNames), times),
    fc.option(fc.constantFrom('2.1', '2.0', '', null, 3, [], [null, 1]), { nil: undefined }),
    fc.constantFrom(...types),
    fc.dictionary(fc.constantFrom(...membersOfTypes), json),
    fc.dictionary(fc.constantFrom(...lists), fc.array(listElement, { maxLength: 3 })),
    fc.infiniteStream(fc.nat())
  )
  .map(([others, dates, spec_version, type, typed, listed, order]) => {
    const members: [string, unknown][] = Object.entries({
      id: 'x--1',
      type,
      ...others,
      ...typed,
      ...listed,
      ...dates
    })
    if (spec_version !== undefined) members.push(['spec_version', spec_version])
    const ranked = members.map(member => ({ member, rank: order.next().value }))
    return Object.fromEntries(ranked.sort((a, b) => a.rank - b.rank).map(({ member }) => member))
  })

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as JsonObject

t.test('property: repairing bytes equals parsing and repairing values', async () => {
  fc.assert(
    fc.property(
      fc.array(itemArbitrary, { maxLength: 4 }),
      fc.constantFrom(0, 1),
      (items, indent) => {
        const body = Buffer.from(JSON.stringify({ next_cursor: 'c', items }, null, indent))
        const page = slicePage(body, { repair: true })
        assert.deepEqual(
          JSON.parse(`[${page.bytes}]`),
          items.map(item => naiveRepair(plain(item)))
        )
        assert.deepEqual(
          objectsOf(page).map(text => JSON.parse(text)),
          JSON.parse(`[${page.bytes}]`)
        )
      }
    ),
    { seed, numRuns: 1500 }
  )
})

t.test('property: repairing twice changes nothing more, byte for byte', async () => {
  fc.assert(
    fc.property(fc.array(itemArbitrary, { maxLength: 3 }), items => {
      const once = slicePage(bodyOf(items), { repair: true }).bytes
      const rules: string[] = []
      const again = Buffer.from(`{"items":[${once}]}`)
      const twice = slicePage(again, { repair: true, onRepair: rule => rules.push(rule) }).bytes
      assert.ok(once.equals(twice))
      assert.deepEqual(
        rules.filter(rule => rule !== 'unrepaired'),
        []
      )
    }),
    { seed, numRuns: 500 }
  )
})

t.test('property: a page made in the memory of its body is the page made elsewhere', async t => {
  let madeInPlace = 0
  fc.assert(
    fc.property(
      fc.array(itemArbitrary, { minLength: 1, maxLength: 4 }),
      fc.nat(60),
      fc.nat(60),
      (items, before, after) => {
        const body = bodyOf(items)
        const memory = Buffer.alloc(before + body.length + after)
        const roomy = Buffer.from(memory.buffer, before, body.length)
        body.copy(roomy)
        const page = slicePage(roomy, { repair: true, inPlace: true })
        assert.deepEqual(page, slicePage(body, { repair: true }))
        if (page.bytes.buffer === memory.buffer) madeInPlace++
      }
    ),
    { seed, numRuns: 500 }
  )
  t.ok(madeInPlace > 100, 'many of them are')
})

t.test(
  'property: whatever JSON.parse takes is taken, and nothing else without a loss told',
  async () => {
    const mutated = fc.tuple(fc.array(itemArbitrary, { maxLength: 2 }), fc.nat(), fc.nat(127))
    fc.assert(
      fc.property(mutated, ([items, place, code]) => {
        const body = bodyOf(items)
        body[place % body.length] = code
        const expected = isUtf8(body) ? read(() => JSON.parse(body.toString())) : undefined
        const isPage =
          Array.isArray(expected?.items) && typeof (expected.next_cursor ?? '') === 'string'
        const page = read(() => slicePage(body, { repair: false }))
        if (isPage) assert.equal(page?.itemCount, expected.items.length)
        else assert.notEqual(page?.unreadable?.length, 0)
      }),
      { seed, numRuns: 3000 }
    )
  }
)

function read<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
