import t from 'tap'
import {
  attribute,
  event,
  inside,
  object,
  t0,
  tombstone,
  uuid5
} from '../../support/misp/hand-made.ts'
import type { Json } from '../../support/misp/json.ts'
import {
  edited,
  liveValues,
  local,
  newer,
  newest,
  reasons,
  tagsOf
} from '../../support/misp/pulling.ts'

/** What an edit does to what a MISP has stored, row by row of MISP-1.6. */

t.test('an attribute that is absent stays as it was', async t => {
  const { misp } = await edited(
    { Attribute: [attribute(10), attribute(11)] },
    { Attribute: [attribute(10)] }
  )
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org', 'domain|evil-11.example.org'])
})

t.test('a known attribute that is not newer is ignored, whatever else changed', async t => {
  const change = { to_ids: false, value: 'other.example.org' }
  const { misp } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [attribute(10, change)] }
  )
  t.equal(local(misp, 10)?.value, 'evil-10.example.org')
  t.equal(local(misp, 10)?.toIds, true)
})

t.test('a known attribute that is newer is updated in all its fields', async t => {
  const change = {
    timestamp: newer,
    type: 'hostname',
    category: 'Payload delivery',
    value: 'Host.Example.org',
    to_ids: false,
    comment: 'new',
    first_seen: '2026-10-02T00:00:00Z',
    last_seen: '2026-10-03T00:00:00Z',
    disable_correlation: true
  }
  const { misp } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [attribute(10, change)] }
  )
  t.match(local(misp, 10), {
    timestamp: t0 + 100,
    type: 'hostname',
    category: 'Payload delivery',
    value: 'host.example.org',
    toIds: false,
    comment: 'new',
    firstSeen: '2026-10-02T00:00:00Z',
    lastSeen: '2026-10-03T00:00:00Z',
    disableCorrelation: true
  })
})

t.test('a tombstone that is newer deletes, a newer one without `deleted` restores', async t => {
  const { misp, feed } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [tombstone(10, { timestamp: newer })] }
  )
  t.strictSame(liveValues(misp), [])
  feed.put(event(1, { timestamp: newest, Attribute: [attribute(10, { timestamp: newest })] }))
  await misp.pull()
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org'])
})

t.test('an unknown attribute is added, with its tags but those marked as deleted', async t => {
  const Tag = [{ name: 'a' }, { name: 'b', deleted: true }]
  const { misp } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [attribute(10), attribute(11, { Tag })] }
  )
  t.strictSame(tagsOf(misp, 11), ['a'])
})

t.test(
  'an unknown attribute is dropped while its value is live, also if that is deleted in the same file',
  async t => {
    const same = { value: 'evil-10.example.org' }
    const after = { Attribute: [tombstone(10, { timestamp: newer }), attribute(11, same)] }
    const { misp, feed, pulled } = await edited({ Attribute: [attribute(10)] }, after)
    t.match(reasons(pulled), [/^attribute: its value is live in the event already/])
    t.strictSame(liveValues(misp), [])
    feed.put(event(1, { timestamp: newest, ...after }))
    t.strictSame((await misp.pull()).dropped, [])
    t.equal(local(misp, 11)?.deleted, false, 'it succeeds at the next edit')
  }
)

t.test('values that differ in case or accents only are the same to an edit', async t => {
  const url = (n: number, value: string) => attribute(n, { type: 'url', value })
  const first = url(10, 'http://example.org/Cafe')
  const { pulled } = await edited(
    { Attribute: [first] },
    {
      Attribute: [first, url(11, 'http://example.org/café'), url(12, 'http://example.org/cafes')]
    }
  )
  t.match(reasons(pulled), [/its value is live in the event already/])
})

t.test(
  'values that differ in case only are both added, and then neither can be changed',
  async t => {
    const url = (n: number, value: string, fields: Json = {}) =>
      attribute(n, { type: 'url', value: `http://example.org/${value}`, ...fields })
    const expired = { timestamp: newer, to_ids: false }
    const { misp, pulled } = await edited(
      { Attribute: [url(10, 'A'), url(11, 'a')] },
      { Attribute: [url(10, 'A', expired), url(11, 'a', { ...expired, deleted: true })] }
    )
    t.match(reasons(pulled), [/its value is live in the event already/])
    t.equal(local(misp, 10)?.toIds, true)
    t.equal(local(misp, 11)?.deleted, true, 'but deleted')
  }
)

t.test('of two unknown attributes with one value or one uuid, the second is dropped', async t => {
  const same = { value: 'same.example.org' }
  const { pulled } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [attribute(11, same), attribute(12, same), attribute(11)] }
  )
  t.strictSame(reasons(pulled), [
    'attribute: its value is twice in the file',
    'attribute: the uuid is twice in the file'
  ])
})

t.test('an attribute that moves into another event or Object is blocked', async t => {
  const { pulled } = await edited(
    { Attribute: [attribute(10)], Object: [object(20, [inside(21)])] },
    {
      Attribute: [attribute(21, { timestamp: newer })],
      Object: [object(20, [inside(10, { timestamp: newer })], { timestamp: newer })]
    }
  )
  const taken = `attribute: the uuid is taken by another attribute, in ${uuid5(1)}`
  t.strictSame(reasons(pulled), [taken, taken])
})

t.test('an invalid change is dropped and leaves the attribute as it was', async t => {
  const change = { timestamp: newer, value: 'localhost' }
  const { misp, pulled } = await edited(
    { Attribute: [attribute(10)] },
    { Attribute: [attribute(10, change)] }
  )
  t.strictSame(reasons(pulled), ['attribute: the value is not of type domain'])
  t.equal(local(misp, 10)?.value, 'evil-10.example.org')
})

t.test(
  'a tag that is absent stays, one marked as deleted goes, from attribute and event',
  async t => {
    const before = [{ name: 'a' }, { name: 'b' }]
    const after = [{ name: 'B', deleted: true }, { name: 'c' }]
    const { misp } = await edited(
      { Tag: before, Attribute: [attribute(10, { Tag: before })] },
      { Tag: after, Attribute: [attribute(10, { Tag: after, timestamp: newer })] }
    )
    t.strictSame([...misp.events()[0]!.tags], ['a', 'c'])
    t.strictSame(tagsOf(misp, 10), ['a', 'c'])
  }
)

t.test('tags of an attribute that is not newer are ignored', async t => {
  const { misp } = await edited(
    { Attribute: [attribute(10, { Tag: [] })] },
    { Attribute: [attribute(10, { Tag: [{ name: 'c' }] })] }
  )
  t.strictSame(tagsOf(misp, 10), [])
})

t.test('info, date, analysis and threat level are replaced', async t => {
  const after = { info: 'new', date: '2026-11-02', analysis: '0', threat_level_id: '1' }
  const { misp } = await edited({ Attribute: [attribute(10)] }, after)
  const threatLevel = '1'
  t.match(misp.events()[0], { info: 'new', date: '2026-11-02', analysis: '0', threatLevel })
})
