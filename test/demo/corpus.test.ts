import t from 'tap'
import { Corpus } from '../../src/demo/corpus/corpus.ts'
import type { Item } from './client.ts'

const span = { from: Date.UTC(2019, 0, 1), to: Date.UTC(2026, 0, 1) }
const make = (seed: number, bloat = true, objects = 20_000) =>
  new Corpus({ seed, objects, order: 'text', bloat, ...span })
const parse = (corpus: Corpus): Item[] =>
  Array.from({ length: corpus.size }, (_, index) => JSON.parse(corpus.json(index)) as Item)

const corpus = make(1)
const items = parse(corpus)
const ofType = (type: string) => items.filter(item => item.type === type)
const places = new Map(items.map((item, index) => [item.id, index]))

t.test('item 29: the same seed gives the same bytes, another seed others', async t => {
  t.equal(make(1).json(77), corpus.json(77))
  t.not(make(2).json(77), corpus.json(77))
})

t.test('item 29: ids are distinct, shaped as UUIDv4, and lead back to their object', async t => {
  t.equal(places.size, items.length)
  for (const [index, { id }] of items.entries()) {
    if (corpus.find(id) !== index) t.fail(`at ${index}`)
    if (!/^[a-z-]+--[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)) {
      t.fail(id)
    }
  }
  t.equal(corpus.find('indicator--00000000-0000-4000-8000-000000000000'), undefined)
  t.equal(corpus.find(items[0]!.id.replace(items[0]!.type, 'tool')), undefined)
})

t.test(
  'item 17: relationships stand on both sides of their sources, and many ahead of them',
  async t => {
    const relationships = ofType('relationship')
    const ahead = relationships.filter(
      item => places.get(item['source_ref'] as string)! > places.get(item.id)!
    )
    t.ok(ahead.length > relationships.length / 2)
    t.ok(ahead.length < relationships.length)
    for (const item of relationships) {
      const target = places.get(item['target_ref'] as string)
      if (target === undefined) t.fail('a target must exist')
      if (items[target!]!.type === 'report') t.fail('a report is no target')
    }
    for (const report of ofType('report'))
      t.match(report, { object_refs: [String, String, String, String] })
  }
)

t.test(
  'item 17: markings, creators and sources are in no page, and each of them exists',
  async t => {
    t.notOk(items.some(item => item.type === 'identity' || item.type === 'marking-definition'))
    const refs = items.flatMap(item => [
      item['created_by_ref'],
      ...(item['object_marking_refs'] as string[]),
      ...(item['x_inthreat_sources_refs'] as string[])
    ])
    for (const ref of new Set(refs)) t.ok(corpus.context.objects.has(ref as string), `${ref}`)
  }
)

t.test('item 18: pages lack spec_version and lang', async t => {
  t.notOk(items.some(item => 'spec_version' in item || 'lang' in item))
})

t.test('item 19: every deviation of section 8 occurs, and most indicators have none', async t => {
  const indicators = ofType('indicator')
  const some = (test: (item: Item) => unknown, name: string) => {
    const share = indicators.filter(test).length / indicators.length
    t.ok(share > 0 && share < 0.3, `${name}: ${share}`)
  }
  const empty = (name: string) => (item: Item) =>
    Array.isArray(item[name]) && (item[name] as unknown[]).length === 0
  some(empty('external_references'), 'external_references: []')
  some(empty('labels'), 'labels: []')
  some(empty('x_ic_impacted_sectors'), 'x_ic_impacted_sectors: []')
  some(item => item['description'] === '', 'description: ""')
  some(item => item['description'] === null, 'description: null')
  some(item => item['confidence'] === null, 'confidence: null')
  some(item => !('confidence' in item), 'no confidence')
  some(item => !('pattern_type' in item), 'no pattern_type')
  some(item => !('valid_until' in item), 'no valid_until')
  some(
    item => 'valid_until' in item && Number.isNaN(Date.parse(item['valid_until'] as string)),
    'unparseable valid_until'
  )
  some(item => String(item['pattern']).includes('&amp;'), '&amp;')
  some(item => String(item['pattern']).startsWith('[filename:value'), 'filename pattern')
  some(item => String(item['pattern']).includes('network-traffic:dst_port'), 'AND pattern')
  some(item => /[\\"{}]/.test(String(item['pattern'])), 'escapes')
})

t.test('item 19: GREEN marks itself and SEKOIA made itself', async t => {
  const { objects } = corpus.context
  const green = 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da'
  const sekoia = 'identity--357447d7-9229-4ce1-b7fa-f1b83587048e'
  t.same(objects.get(green)?.['object_marking_refs'], [green])
  t.equal(objects.get(sekoia)?.['created_by_ref'], sekoia)
})

t.test('item 19: sizes are near 1, 3 and 10 kB, about 1 kB on average', async t => {
  const sizes = ofType('indicator').map(item => JSON.stringify(item).length)
  const average = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  t.ok(average > 850 && average < 1300, `${average}`)
  t.ok(sizes.some(size => size > 3000 && size < 4500))
  t.ok(sizes.some(size => size > 9000 && size < 11_000))
  const bare = parse(make(1, false, 3000)).filter(item => item.type === 'indicator')
  t.notOk(bare.some(item => JSON.stringify(item).length > 2600))
})

t.test('item 19: fractions of modified have 0 to 6 digits', async t => {
  const digits = items.map(item => /\.(\d+)Z/.exec(item.modified)?.[1]?.length ?? 0)
  t.same([...new Set(digits)].filter(count => count !== 1 && count !== 2).sort(), [0, 3, 4, 5, 6])
})

t.test('item 19: values are synthetic', async t => {
  const text = JSON.stringify(items.map(item => [item['name'], item['external_references']]))
  const hosts = text.match(/https?:\/\/[^/"]+/g) ?? []
  t.ok(hosts.length > 1000)
  for (const host of hosts) if (!/[./]example\.(com|org)$/.test(host)) t.fail(host)
})
