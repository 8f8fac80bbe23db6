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
import { defaultImportRegexps } from '../../support/misp/import-regexps.ts'
import { MispInstance } from '../../support/misp/instance.ts'
import type { Json } from '../../support/misp/json.ts'
import { liveValues, local, newer, newest, pulling, reasons } from '../../support/misp/pulling.ts'

/** A MISP that is killed, may not edit, is ahead of time, or rewrites what it takes (M1, M2, M3, M7). */

const three = [attribute(10), attribute(11), attribute(12)]

t.test('an add that is killed leaves the header, and what was stored by then', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: three }), event(2))
  const misp = pulling(feed)
  t.equal(await misp.pullUntilKilled(2), true)
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org'])
  t.equal(misp.events().length, 1, 'nothing of the next event')

  const { skipped } = await misp.pull()
  t.strictSame(skipped, [uuid5(1)], 'the rest is missing as long as the event has that timestamp')
  t.equal(liveValues(misp).length, 1)

  feed.put(event(1, { timestamp: newer, Attribute: three }))
  await misp.pull()
  t.equal(liveValues(misp).length, 3, 'a later timestamp of the event brings it')
})

t.test('an edit that is killed keeps what it had of the rest', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: three }))
  const misp = pulling(feed)
  await misp.pull()
  const Attribute = [10, 11, 12].map(n => tombstone(n, { timestamp: newer }))
  feed.put(event(1, { timestamp: newer, Attribute }))
  t.equal(await misp.pullUntilKilled(2), true)
  t.strictSame(liveValues(misp), ['domain|evil-11.example.org', 'domain|evil-12.example.org'])
  await misp.pull()
  t.equal(liveValues(misp).length, 2)
  feed.put(event(1, { timestamp: newest, Attribute }))
  await misp.pull()
  t.strictSame(liveValues(misp), [])
})

const twoInside = (fields: Json = {}) => [inside(21, fields), inside(22, fields)]

t.test('an Object that is killed stays half, until it has a later timestamp itself', async t => {
  const feed = new HandMadeFeed(event(1, { Object: [object(20, twoInside())] }))
  const misp = pulling(feed)
  t.equal(await misp.pullUntilKilled(3), true)
  feed.put(event(1, { timestamp: newer, Object: [object(20, twoInside())] }))
  await misp.pull()
  t.equal(local(misp, 22), undefined, 'the event alone does not help')
  feed.put(
    event(1, { timestamp: newest, Object: [object(20, twoInside(), { timestamp: newest })] })
  )
  await misp.pull()
  t.ok(local(misp, 22)?.toIds)
})

t.test('of an Object that is taken back half is live, until it is later once more', async t => {
  const feed = new HandMadeFeed(event(1, { Object: [object(20, twoInside())] }))
  const misp = pulling(feed)
  await misp.pull()
  const deleted = (timestamp: string) =>
    event(1, {
      timestamp,
      Object: [object(20, twoInside({ timestamp }), { timestamp, deleted: true })]
    })
  feed.put(deleted(newer))
  t.equal(await misp.pullUntilKilled(3), true)
  t.equal(liveValues(misp).length, 1)
  feed.put(deleted(newest))
  await misp.pull()
  t.strictSame(liveValues(misp), [])
})

t.test('references and reports come with a later timestamp of the event', async t => {
  const whole = {
    Attribute: [attribute(10)],
    Object: [object(20, [inside(21)], { ObjectReference: [reference(30, uuid5(20), uuid5(10))] })],
    EventReport: [report(40)]
  }
  const writes = 6
  for (let killed = 1; killed < writes; killed++) {
    const feed = new HandMadeFeed(event(1, whole))
    const misp = pulling(feed)
    t.equal(await misp.pullUntilKilled(killed), true)
    const { database } = misp
    t.equal(database.references.size + database.reports.size, Math.max(0, killed - 4))
    feed.put(event(1, { ...whole, timestamp: newer }))
    await misp.pull()
    t.strictSame([database.references.size, database.reports.size], [1, 1])
  }
  t.equal(await pulling(new HandMadeFeed(event(1, whole))).pullUntilKilled(writes), false)
})

t.test('a user who is no site admin adds events, and edits none', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
  const misp = new MispInstance({ fetch: feed.fetch, now: () => t0, isSiteAdmin: false })
  await misp.pull()
  feed.put(event(1, { timestamp: newer, Attribute: [tombstone(10, { timestamp: newer })] }))
  feed.put(event(2, { Attribute: [attribute(11)] }))
  const pulled = await misp.pull()
  t.strictSame(reasons(pulled), ['event: not authorised to edit the event'])
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org', 'domain|evil-11.example.org'])
})

t.test(
  'a clock 600 s ahead hides a change after an Object was added, until a later one',
  async t => {
    const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
    const misp = pulling(feed, { now: t0 + 600 })
    await misp.pull()
    const rest = { Object: [object(20, [inside(21)])] }
    feed.put(event(1, { timestamp: newer, Attribute: [attribute(10)], ...rest }))
    await misp.pull()
    t.equal(misp.events()[0]?.timestamp, t0 + 600)
    const Attribute = [tombstone(10, { timestamp: newest })]
    feed.put(event(1, { timestamp: newest, Attribute, ...rest }))
    t.strictSame((await misp.pull()).skipped, [uuid5(1)])
    t.ok(local(misp, 10)?.toIds)
    feed.put(event(1, { timestamp: String(t0 + 601), Attribute, ...rest }))
    await misp.pull()
    t.equal(local(misp, 10)?.toIds, false)
  }
)

const path = (n: number, value: string, fields: Json = {}) =>
  attribute(n, { type: 'filename', category: 'Payload delivery', value, ...fields })

t.test('import expressions rewrite values before they are compared, and block some', async t => {
  const Attribute = [
    path(10, 'C:\\Users\\bob\\a.exe'),
    path(11, '%APPDATA%\\Microsoft\\UProof'),
    path(12, 'C:\\Users\\bob\\AppData\\Roaming\\b.exe'),
    path(13, 'C:\\Program Files (x86)\\c.exe'),
    attribute(14)
  ]
  const feed = new HandMadeFeed(event(1, { Attribute }))
  const importRegexps = defaultImportRegexps
  const misp = new MispInstance({ fetch: feed.fetch, now: () => t0, importRegexps })
  await misp.pull()
  t.strictSame(liveValues(misp), [
    'domain|evil-14.example.org',
    'filename|%APPDATA%\\b.exe',
    'filename|%PROGRAMFILES%\\(x86)\\c.exe',
    'filename|%USERPROFILE%\\a.exe'
  ])
  t.strictSame(reasons(misp), ['attribute: an import expression blocks it'])

  const eve = path(15, 'C:\\Users\\eve\\a.exe')
  feed.put(event(1, { timestamp: newer, Attribute: [...Attribute, eve] }))
  t.match(reasons(await misp.pull()), [/blocks it$/, /^attribute: its value is live/])
})
