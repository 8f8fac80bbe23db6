import t from 'tap'
import {
  attribute,
  event,
  HandMadeFeed,
  inside,
  object,
  reference,
  report,
  t0,
  tombstone,
  uuid5
} from '../../support/misp/hand-made.ts'
import type { Json } from '../../support/misp/json.ts'
import { local, pulling, reasons, tagsOf } from '../../support/misp/pulling.ts'

/** What a MISP makes of an event that it does not know (MISP-1.4, MISP-1.6). */

const adding = async (fields: Json, more: Json[] = []) => {
  const misp = pulling(new HandMadeFeed(event(1, fields), ...more))
  await misp.pull()
  return misp
}

t.test('top-level attributes of equal type, category and value collapse to the first', async t => {
  const same = { value: 'same.example.org' }
  const misp = await adding({
    Attribute: [attribute(10, same), attribute(11, same), tombstone(12, same)],
    Object: [object(20, [inside(21)]), object(22, [inside(23, { value: inside(21)['value'] })])]
  })
  t.strictSame(reasons(misp), ['attribute: its value is twice in the file'])
  t.equal(local(misp, 11), undefined)
  t.equal(local(misp, 12)?.deleted, true, 'one that is deleted does not count')
  t.ok(local(misp, 23), 'Objects may repeat a value')
})

t.test('a uuid is unique over all events', async t => {
  const misp = await adding({ Attribute: [attribute(10)], Object: [object(20, [inside(21)])] }, [
    event(2, {
      Attribute: [attribute(10, { value: 'other.example.org' }), attribute(11)],
      Object: [object(20, [inside(22)]), object(23, [inside(21)])]
    })
  ])
  t.strictSame(reasons(misp), [
    'attribute: the uuid is taken',
    'object: the uuid is taken',
    'attribute: the uuid is taken'
  ])
  t.equal(local(misp, 10)?.event, uuid5(1))
})

t.test('MISP attaches a tag even if it is marked as deleted', async t => {
  const Tag = [{ name: 'a' }, { name: 'b', deleted: true }]
  const misp = await adding({ Tag, Attribute: [attribute(10, { Tag })] })
  t.strictSame([...misp.events()[0]!.tags], ['a', 'b'])
  t.strictSame(tagsOf(misp, 10), ['a', 'b'])
})

t.test('a tag without a usable name or colour is left out', async t => {
  const Tag = [{ name: '' }, { name: 'x'.repeat(256) }, { name: 'c', colour: 'green' }]
  const misp = await adding({ Attribute: [attribute(10, { Tag })] })
  t.match(reasons(misp), [/name is empty$/, /longer than 255 bytes$/, /no colour$/])
  t.strictSame(tagsOf(misp, 10), [])
})

const dropped: [Json, RegExp][] = [
  [{ uuid: '00000000-0000-7000-8000-000000000010' }, /the uuid is not one of RFC 4122/],
  [{ type: 'suricata' }, /the type 'suricata' is unknown/],
  [{ category: 'External analysis', type: 'stix2-pattern' }, /does not allow type stix2-pattern/],
  [{ category: 'Payload' }, /category 'Payload' does not allow/],
  [{ value: ['a.example.org'] }, /the value is not a string/],
  [{ value: ' ' }, /the value is empty/],
  [{ value: 'localhost' }, /the value is not of type domain/],
  [{ first_seen: 'yesterday' }, /first_seen is not ISO 8601/],
  [{ last_seen: '2026' }, /last_seen is not ISO 8601/],
  [{ last_seen: '2026-09-30T23:59:59.999999Z' }, /last_seen is before first_seen/]
]
for (const [fields, reason] of dropped) {
  t.test(`an attribute is dropped: ${reason.source}`, async t => {
    const misp = await adding({ Attribute: [attribute(10, fields), attribute(11)] })
    t.equal(misp.attributes().length, 1)
    t.match(reasons(misp), [reason])
  })
}

const droppedObjects: [Json, RegExp][] = [
  [{ uuid: 'x' }, /the uuid is not one of RFC 4122/],
  [{ name: '' }, /the name is empty/],
  [{ 'meta-category': undefined }, /the meta-category is empty/],
  [{ description: '' }, /the description is empty/],
  [{ template_uuid: undefined }, /the template_uuid is not one of RFC 4122/],
  [{ template_version: 'one' }, /the template_version is not a natural number/]
]
for (const [fields, reason] of droppedObjects) {
  t.test(`an Object is dropped with its attributes: ${reason.source}`, async t => {
    const misp = await adding({ Object: [object(20, [inside(21)], fields)] })
    t.strictSame(misp.attributes(), [])
    t.match(reasons(misp), [reason])
  })
}

t.test('an attribute of an Object needs its relation', async t => {
  const misp = await adding({ Object: [object(20, [inside(21, { object_relation: '' })])] })
  t.strictSame(reasons(misp), ['attribute: it has no object_relation'])
})

t.test('the attributes of a deleted Object are deleted', async t => {
  const misp = await adding({ Object: [object(20, [inside(21)], { deleted: true })] })
  t.equal(local(misp, 21)?.deleted, true)
})

t.test('what a file leaves out is false, or as the clock of MISP says', async t => {
  const bare = {
    to_ids: undefined,
    deleted: undefined,
    disable_correlation: undefined,
    timestamp: undefined
  }
  const misp = await adding({
    Attribute: [attribute(10, bare)],
    Object: [object(20, [inside(21)], { deleted: undefined })],
    EventReport: [report(40, { deleted: undefined })]
  })
  const timestamp = t0 - 3600
  t.match(local(misp, 10), { toIds: false, deleted: false, disableCorrelation: false, timestamp })
  t.equal(misp.database.objects.get(uuid5(20))?.deleted, false)
  t.equal(misp.database.reports.get(uuid5(40))?.deleted, false)
})

t.test('a uuid in upper case is stored in lower case', async t => {
  const upper = 'ABCDEF00-0000-5000-8000-000000000010'
  const misp = await adding({
    Attribute: [attribute(10, { uuid: upper })],
    EventReport: [report(40, { uuid: upper.replace('10', '40') })]
  })
  t.equal(misp.attributes()[0]?.uuid, upper.toLowerCase())
  t.ok(misp.database.reports.has(upper.replace('10', '40').toLowerCase()))
})

t.test('seen for one instant only, and a tag name of 255 bytes, are fine', async t => {
  const instant = { first_seen: '2026-10-01T00:00:00Z', last_seen: '2026-10-01T02:00:00+02:00' }
  const Tag = [{ name: 'x'.repeat(255) }]
  const misp = await adding({ Attribute: [attribute(10, { ...instant, Tag })] })
  t.strictSame(reasons(misp), [])
})

t.test('a reference to something outside the event is dropped', async t => {
  const references = [reference(30, uuid5(20), uuid5(10)), reference(31, uuid5(20), uuid5(99))]
  const misp = await adding({
    Attribute: [attribute(10)],
    Object: [object(20, [inside(21)], { ObjectReference: references })]
  })
  t.strictSame([...misp.database.references.keys()], [uuid5(30)])
  t.strictSame(reasons(misp), [`reference: ${uuid5(99)} is not in the event`])
})

t.test('a report needs a name', async t => {
  const misp = await adding({ EventReport: [report(40), report(41, { name: ' ' })] })
  t.strictSame([...misp.database.reports.keys()], [uuid5(40)])
  t.strictSame(reasons(misp), ['report: the name is empty'])
})
