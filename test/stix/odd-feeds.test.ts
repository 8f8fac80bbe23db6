import t from 'tap'
import { slicePage } from '../../src/stix/slice.ts'
import { toInstant, toMillis } from '../../src/stix/timestamp.ts'
import { stixId } from '../support/objects.ts'

/** Objects of feeds that were met in the field, made anew, and what becomes of each. */

type Members = Readonly<Record<string, unknown>>

const indicator = (members: Members): Members => ({
  type: 'indicator',
  spec_version: '2.1',
  id: stixId('indicator', 1),
  created: '2024-05-01T10:00:00.000Z',
  modified: '2024-05-01T10:00:00.000Z',
  name: 'a',
  pattern: "[ipv4-addr:value = '198.51.100.7']",
  pattern_type: 'stix',
  valid_from: '2024-05-01T10:00:00Z',
  ...members
})

function serve(object: Members, repair = true) {
  const rules: string[] = []
  const body = Buffer.from(JSON.stringify({ items: [object], next_cursor: 'c' }))
  const page = slicePage(body, { repair, onRepair: rule => rules.push(rule) })
  const entry = page.entries[0]!
  return { object: JSON.parse(page.bytes.toString()), rules: rules.sort(), entry }
}

const both = (time: unknown) => ({ created: time, modified: time })

t.test('sound times of any year leave as they came, and are read', async t => {
  for (const time of [
    '2083-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00.000Z',
    '1601-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '2023-11-12T14:16:40.1699798608Z'
  ]) {
    const given = indicator(both(time))
    const { object, rules, entry } = serve(given)
    t.same([object, rules, entry.time], [given, [], time])
    t.ok(Number.isInteger(toMillis(entry.time!)))
  }
})

t.test('zone-less times are given the Z, and nothing else about them changes', async t => {
  const times = ['2023-11-12T14:16:40', '2023-11-12T14:16:40.25', '2023-11-12 14:16:40']
  for (const time of times) {
    const { object, rules, entry } = serve(indicator(both(time)))
    t.equal(toInstant(object.modified), toInstant(`${time.replace(' ', 'T')}Z`))
    t.equal(object.created, object.modified)
    t.same(rules, ['timezone', 'timezone'])
    t.equal(entry.time, time, 'its place in the feed is that of the text')
    t.equal(entry.modified, object.modified)
  }
})

t.test('a zone-less revocation stays the later version, and a revocation', async t => {
  const { object, entry } = serve(indicator({ modified: '2026-11-01T00:00:00', revoked: true }))
  t.match(object, { modified: '2026-11-01T00:00:00.000Z', revoked: true })
  t.equal(entry.modified, '2026-11-01T00:00:00.000Z')
})

t.test('a zone-less start or end of validity stays what it is', async t => {
  const first = serve(
    indicator({
      created: '2024-05-30T00:00:00.000Z',
      modified: '2024-06-01T00:00:00.000Z',
      valid_from: '2023-01-01T00:00:00',
      valid_until: '2023-06-01T00:00:00Z'
    })
  )
  t.match(first.object, { valid_from: '2023-01-01T00:00:00Z', valid_until: '2023-06-01T00:00:00Z' })
  const second = serve(indicator({ valid_until: '2024-06-01T00:00:00' }))
  t.equal(second.object.valid_until, '2024-06-01T00:00:00Z')
  t.same(second.rules, ['timezone'])
})

t.test('a start that cannot be read does not move behind the end', async t => {
  const given = indicator({ valid_from: 'soon', valid_until: '2023-06-01T00:00:00Z' })
  t.same(serve(given).object, given)
  t.same(serve(given).rules, ['unrepaired'])
  const zoneless = serve(indicator({ valid_from: 'soon', valid_until: '2023-06-01T00:00:00' }))
  t.same(zoneless.object, { ...given, valid_until: '2023-06-01T00:00:00Z' })
  t.same(zoneless.rules, ['timezone', 'unrepaired'])
  const later = serve(indicator({ valid_from: null, valid_until: '2024-06-01T00:00:00Z' }))
  t.equal(later.object.valid_from, '2024-05-01T10:00:00.000Z')
})

t.test('a leap second that never was is the second after it, as instants go', async t => {
  const { object } = serve(indicator({ modified: '2026-06-30T23:59:60.000Z' }))
  t.equal(object.modified, '2026-07-01T00:00:00.000Z')
  t.equal(toInstant(object.modified), toInstant('2026-06-30T23:59:60.000Z'))
})

t.test('observables alone have no time, and are given their spec_version', async t => {
  const { spec_version: _, ...address } = {
    type: 'ipv4-addr',
    spec_version: '2.1',
    id: 'ipv4-addr--035c4ea0-d73b-5bde-bd6f-c806b04f2ec3',
    value: '198.51.100.0'
  }
  const { object, rules, entry } = serve(address)
  t.same(object, { ...address, spec_version: '2.1' })
  t.same([rules, entry.time], [['spec-version'], undefined])
})

t.test('times that are null or empty stay, are counted, and cost no spec_version', async t => {
  for (const nothing of [null, {}, [], [null], { a: null }]) {
    const given = indicator({ ...both(nothing), spec_version: undefined })
    const { object, rules, entry } = serve(given)
    t.same(object, { ...given, spec_version: '2.1' })
    t.same(rules, ['spec-version', 'unrepaired', 'unrepaired'])
    t.equal(entry.time, undefined)
  }
  const one = serve(indicator({ created: '2024-05-30T00:00:00.000Z', modified: null }))
  t.equal(one.object.modified, '2024-05-30T00:00:00.000Z')
  t.same(one.rules, ['timestamp'])
})

t.test('of two times under one key the later member counts', async t => {
  for (const [times, modified, rules] of [
    ['"modified":"soon","modified":"2024-05-02T00:00:00.000Z"', '2024-05-02T00:00:00.000Z', []],
    [
      '"modified":"2024-05-02T00:00:00.000Z","modified":"soon"',
      '2024-05-01T10:00:00.000Z',
      ['timestamp']
    ]
  ] as const) {
    const text = JSON.stringify(indicator({ modified: undefined })).replace('{', `{${times},`)
    const found: string[] = []
    const body = Buffer.from(`{"items":[${text}],"next_cursor":null}`)
    const page = slicePage(body, { repair: true, onRepair: rule => found.push(rule) })
    t.equal(JSON.parse(page.bytes.toString()).modified, modified)
    t.equal(page.entries[0]?.modified, modified)
    t.same(found, rules)
  }
})

t.test('what an object must have is not taken out, however empty it is', async t => {
  for (const [type, name] of [
    ['indicator', 'pattern'],
    ['indicator', 'pattern_type'],
    ['report', 'object_refs'],
    ['report', 'published'],
    ['relationship', 'target_ref'],
    ['observed-data', 'first_observed'],
    ['marking-definition', 'definition'],
    ['ipv4-addr', 'value'],
    ['x-own-type', 'modified']
  ] as const) {
    for (const nothing of [null, [], {}, [null], { a: [] }]) {
      const given = {
        [name]: nothing,
        type,
        spec_version: '2.1',
        id: stixId(type, 1),
        created: '2024-05-01T10:00:00.000Z'
      }
      const { object, rules } = serve(given)
      const isMended = name === 'modified'
      t.same(object, isMended ? { ...given, modified: given.created } : given, `${type} ${name}`)
      t.same(rules, isMended ? ['timestamp'] : ['unrepaired'])
    }
  }
})

t.test('neither is what the elements of its lists must have', async t => {
  const external_references = [{ source_name: null, url: 'https://example.com' }, null]
  const { object, rules } = serve(
    indicator({ external_references, x_list: [{ source_name: null }] })
  )
  t.same(object.external_references, [external_references[0]])
  t.notOk('x_list' in object)
  t.same(rules, ['empty', 'null', 'unrepaired'])
})

t.test('times of types that STIX does not define are their own business', async t => {
  const given = {
    type: 'x-own-type',
    spec_version: '2.1',
    id: stixId('x-own-type', 1),
    ...both('2024-05-01T10:00:00.000Z'),
    published: 'soon',
    valid_until: '2024-05-01T10:00:00'
  }
  t.same(serve(given).object, given)
})

t.test('zone-less times are counted with repair off, too', async t => {
  const given = indicator({ modified: '2024-05-02T00:00:00' })
  const { object, rules, entry } = serve(given, false)
  t.same([object, rules, entry.modified], [given, ['timezone'], '2024-05-02T00:00:00'])
})
