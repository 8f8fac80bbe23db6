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
  uuid5
} from '../../support/misp/hand-made.ts'
import type { MispInstance } from '../../support/misp/instance.ts'
import type { Json } from '../../support/misp/json.ts'
import { edited, local, newer, newest, pulling, reasons } from '../../support/misp/pulling.ts'

/** What an edit does to Objects, references and reports, row by row of MISP-1.6. */

t.test('a known Object that is not newer is ignored with all of its attributes', async t => {
  const changed = inside(21, { timestamp: newer, to_ids: false })
  const before = { Object: [object(20, [inside(21)])] }
  const stale = await edited(before, { Object: [object(20, [changed, inside(22)])] })
  t.equal(local(stale.misp, 21)?.toIds, true)
  t.equal(local(stale.misp, 22), undefined)
  const fresh = await edited(before, {
    Object: [object(20, [changed, inside(22)], { timestamp: newer })]
  })
  t.equal(local(fresh.misp, 21)?.toIds, false)
  t.equal(local(fresh.misp, 22)?.toIds, true)
})

t.test('a known Object that is newer is updated itself', async t => {
  const { misp } = await edited(
    { Object: [object(20, [inside(21)])] },
    { Object: [object(20, [inside(21)], { timestamp: newer, comment: 'new', name: undefined })] }
  )
  t.match(misp.database.objects.get(uuid5(20)), { name: 'file', comment: 'new', deleted: false })
})

t.test('an unknown Object that is dropped leaves the timestamp of the event', async t => {
  const clock = { now: t0 + 50 }
  const { misp } = await edited(
    { Attribute: [attribute(10)] },
    { Object: [object(20, [inside(21)], { name: '' })] },
    clock
  )
  t.equal(misp.events()[0]?.timestamp, t0 + 100)
})

t.test('an unknown Object stamps the event with the clock of MISP', async t => {
  const clock = { now: t0 + 50 }
  const after = { Attribute: [attribute(10)], Object: [object(20, [inside(21)])] }
  const { misp, feed } = await edited({ Attribute: [attribute(10)] }, after, clock)
  t.equal(misp.events()[0]?.timestamp, t0 + 50)
  t.strictSame(await misp.pull().then(({ notModified, edited }) => [notModified, edited]), [
    true,
    [uuid5(1)]
  ])
  t.equal(misp.events()[0]?.timestamp, t0 + 100, 'stamped ahead, it settles at the next pull')
  clock.now = t0 + 500
  feed.put(event(1, { timestamp: newest, ...after, Object: [object(22, [inside(23)])] }))
  await misp.pull()
  feed.put(event(1, { timestamp: String(t0 + 400), Attribute: [attribute(24)] }))
  const late = await misp.pull()
  t.strictSame(late.skipped, [uuid5(1)], 'a version from before that clock is skipped in silence')
})

t.test(
  'a deleted Object deletes its attributes with the clock of MISP, which a restore has to beat',
  async t => {
    const clock = { now: t0 + 300 }
    const { misp, feed } = await edited(
      { Object: [object(20, [inside(21)])] },
      {
        Object: [
          object(20, [inside(21, { timestamp: newer })], { timestamp: newer, deleted: true })
        ]
      },
      clock
    )
    t.match(local(misp, 21), { deleted: true, timestamp: t0 + 300 })
    const restore = (timestamp: string) =>
      feed.put(
        event(1, { timestamp, Object: [object(20, [inside(21, { timestamp })], { timestamp })] })
      )
    restore(newest)
    await misp.pull()
    t.equal(local(misp, 21)?.deleted, true)
    restore(String(t0 + 301))
    await misp.pull()
    t.equal(local(misp, 21)?.deleted, false)
  }
)

t.test('an Object of another event is blocked', async t => {
  const feed = new HandMadeFeed(
    event(1, { Object: [object(20, [inside(21)])] }),
    event(2, { Attribute: [attribute(10)] })
  )
  const misp = pulling(feed)
  await misp.pull()
  feed.put(event(2, { timestamp: newer, Object: [object(20, [inside(22)], { timestamp: newer })] }))
  const taken = `object: the uuid is taken by another object, in ${uuid5(1)}`
  t.strictSame(reasons(await misp.pull()), [taken])
})

t.test('a newer report replaces, an older one does not', async t => {
  const content = (misp: MispInstance) => misp.database.reports.get(uuid5(40))?.content
  const before = { EventReport: [report(40, { content: 'old' })] }
  const stale = await edited(before, { EventReport: [report(40)] })
  t.equal(content(stale.misp), 'old')
  const fresh = await edited(before, { EventReport: [report(40, { timestamp: newer })] })
  t.equal(content(fresh.misp), '# What we saw')
})

t.test('a known reference is updated if newer, `deleted` too', async t => {
  const versions = (fields: Json) => ({
    Attribute: [attribute(10)],
    Object: [
      object(20, [inside(21)], { ObjectReference: [reference(30, uuid5(20), uuid5(10), fields)] })
    ]
  })
  const change = { relationship_type: 'drops', deleted: true }
  const known = (misp: MispInstance) => misp.database.references.get(uuid5(30))
  const stale = await edited(versions({}), versions(change))
  t.match(known(stale.misp), { relationship: 'connects-to', deleted: false })
  const fresh = await edited(versions({}), versions({ ...change, timestamp: newer }))
  t.match(known(fresh.misp), { relationship: 'drops', deleted: true })
})
