import t from 'tap'
import type { EventBody } from '../../src/misp/events/wire.ts'
import {
  addIndicator,
  addObject,
  addReport,
  headsOf,
  inDays,
  keysOf,
  markings,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  relate,
  url,
  urlPattern,
  wait
} from '../support/misp-scenes.ts'
import { lifeOf, placesOf, type Served, tagsOf, tlpOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Reports as events of their own, with copies of their indicators (MISP-4, MISP-3.2). */

const isReport = ({ info }: EventBody) => info.includes('report')
const reportsOf = ({ events }: Served) => events.filter(isReport)
const reportOf = (served: Served): EventBody => {
  const [event, ...more] = reportsOf(served)
  if (!event || more.length > 0) throw new Error('not one report')
  return event
}
/** Lives of the copies of a value, and of the value itself. */
const livesOf = (served: Served, name: string) => {
  const places = placesOf(served, url(name))
  const lives = (wanted: boolean) =>
    places.filter(({ event }) => isReport(event) === wanted).map(place => lifeOf(place.attribute))
  return { own: lives(false), copies: lives(true) }
}
const valuesOf = ({ Attribute }: EventBody, type: string) =>
  Attribute.filter(each => each.type === type && !each.deleted).map(({ value }) => value)

t.test('a report is an event: its text, links, vulnerabilities, tags and indicators', async t => {
  const world = await mispWorld(t)
  const threat = addObject(world, 'intrusion-set', { name: 'Example Bear' })
  const flaw = addObject(world, 'vulnerability', { name: 'CVE-2026-0002' })
  const course = addObject(world, 'course-of-action', { name: 'Patch', description: 'Soon.' })
  const report = addReport(world, [threat, flaw, course, addIndicator(world, 'a')], {
    confidence: 90,
    labels: ['espionage'],
    external_references: [
      { source_name: 'blog', url: 'https://blog.example.com/post' },
      { source_name: 'cve', external_id: 'CVE-2026-0001' }
    ]
  })
  const event = reportOf(await publish(world))
  t.equal(event.info, `A report [TLP:GREEN ${report.slice(8, 16)}]`)
  t.equal(event.date, '2026-01-15')
  const [text] = event.EventReport
  t.match(text, { name: 'A report', content: /^# What we saw/, deleted: false, distribution: '5' })
  t.strictSame(valuesOf(event, 'link'), ['https://blog.example.com/post'])
  t.strictSame(valuesOf(event, 'vulnerability').sort(), ['CVE-2026-0001', 'CVE-2026-0002'])
  t.strictSame(valuesOf(event, 'url'), [url('a')])
  t.strictSame(
    event.Object.map(({ name }) => name),
    ['course-of-action']
  )
  t.strictSame(tagsOf(event), [
    'misp-galaxy:producer="Sekoia"',
    'misp:confidence-level="usually-confident"',
    'sekoia:course-of-action="Patch"',
    'sekoia:intrusion-set="Example Bear"',
    'sekoia:label="espionage"',
    'sekoia:vulnerability="CVE-2026-0002"',
    'tlp:green'
  ])
})

t.test('a report that goes on in a second event has its text in the first', async t => {
  const world = await mispWorld(t)
  const spelt = (path: string) => ({ pattern: `[url:value = 'http://example.com/${path}']` })
  addReport(
    world,
    ['a', 'A'].map(path => addIndicator(world, path, spelt(path)))
  )
  const reports = reportsOf(await publish(world))
  t.strictSame(
    reports.map(({ EventReport, Attribute }) => [EventReport.length, Attribute.length]),
    [
      [1, 1],
      [0, 1]
    ]
  )
  t.match(reports[1]!.info, / part 2$/)
})

t.test('a report without indicators is an event too', async t => {
  const world = await mispWorld(t)
  addReport(world, [])
  const misp = mispOf(world)
  const event = reportOf(await publish(world))
  t.strictSame([event.Attribute, event.EventReport.length], [[], 1])
  t.strictSame(await pullAndCompare(world, misp), [])
  t.equal(misp.database.reports.size, 1)
})

t.test('copies follow the life of their indicators', async t => {
  const world = await mispWorld(t)
  const a = addIndicator(world, 'a', { valid_until: inDays(world, 1) })
  const b = addIndicator(world, 'b')
  addReport(world, [a, b])
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: ['live'] })
  wait(world, 1)
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['expired'], copies: ['expired'] })
  world.simulator.edit(a, { valid_until: inDays(world, 1) })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: ['live'] })
  world.simulator.edit(a, { pattern: urlPattern('c') })
  const changed = await publish(world)
  t.strictSame(livesOf(changed, 'a'), { own: ['deleted'], copies: ['deleted'] })
  t.strictSame(livesOf(changed, 'c'), { own: ['live'], copies: ['live'] })
  world.simulator.edit(b, { revoked: true })
  t.strictSame(livesOf(await publish(world), 'b'), { own: ['deleted'], copies: ['deleted'] })
})

t.test('a copy is there whatever comes first, the report or the indicator', async t => {
  for (const isApart of [false, true]) {
    const world = await mispWorld(t)
    const id = `indicator--${'1'.repeat(8)}-1111-4111-8111-${'1'.repeat(12)}`
    addReport(world, [id])
    if (isApart) await publish(world)
    addIndicator(world, 'a', { id })
    if (isApart) await publish(world)
    relate(world, id, addObject(world, 'malware', { name: 'Example RAT' }))
    const served = await publish(world)
    t.strictSame(livesOf(served, 'a'), { own: ['live'], copies: ['live'] })
    for (const { attribute } of placesOf(served, url('a')))
      t.strictSame(tagsOf(attribute), ['sekoia:malware="Example RAT"'])
  }
})

t.test('an indicator that was taken in long before is copied', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  relate(world, id, addObject(world, 'malware', { name: 'Example RAT' }))
  await publish(world)
  addReport(world, [id])
  const served = await publish(world)
  t.strictSame(livesOf(served, 'a'), { own: ['live'], copies: ['live'] })
  for (const { attribute } of placesOf(served, url('a')))
    t.strictSame(tagsOf(attribute), ['sekoia:malware="Example RAT"'])
})

t.test('what a report no longer names is taken back from it, and comes back with it', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const [a, b] = [addIndicator(world, 'a'), addIndicator(world, 'b')]
  const report = addReport(world, [a, b])
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(report, { object_refs: [b] })
  const without = await publish(world)
  t.strictSame(livesOf(without, 'a'), { own: ['live'], copies: ['deleted'] })
  t.strictSame(livesOf(without, 'b'), { own: ['live'], copies: ['live'] })
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(a, { labels: ['edited meanwhile'] })
  await publish(world)
  world.simulator.edit(report, { object_refs: [a] })
  const back = await publish(world)
  t.strictSame(livesOf(back, 'a'), { own: ['live'], copies: ['live'] })
  t.strictSame(livesOf(back, 'b'), { own: ['live'], copies: ['deleted'] })
  const [copy] = placesOf(back, url('a')).filter(({ event }) => isReport(event))
  t.strictSame(tagsOf(copy!.attribute), ['sekoia:label="edited meanwhile"'])
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('a report does not show indicators that are for fewer eyes than itself', async t => {
  const world = await mispWorld(t)
  const red = addIndicator(world, 'red', { object_marking_refs: [markings.red] })
  const clear = addIndicator(world, 'clear', { object_marking_refs: [markings.clear] })
  const report = addReport(world, [red, clear])
  const served = await publish(world)
  t.strictSame(livesOf(served, 'red'), { own: ['live'], copies: [] })
  t.strictSame(livesOf(served, 'clear'), { own: ['live'], copies: ['live'] })
  for (const event of served.events)
    t.equal(tagsOf(event).filter(name => name.startsWith('tlp:')).length, 1)

  world.simulator.edit(clear, { object_marking_refs: [markings.amber] })
  t.strictSame(livesOf(await publish(world), 'clear').copies, ['deleted'], 'that became so later')
  world.simulator.edit(report, { object_marking_refs: [markings.red] })
  const moved = await publish(world)
  t.strictSame(livesOf(moved, 'red').copies, ['live'])
  t.strictSame(reportsOf(moved).map(tlpOf).sort(), ['tlp:green', 'tlp:red'])
  const [old] = reportsOf(moved).filter(event => tlpOf(event) === 'tlp:green')
  const left = [...old!.Attribute, ...old!.EventReport].filter(({ deleted }) => !deleted)
  t.strictSame(left, [], 'nothing of it stays at the old level')
})

t.test('a report may be renamed and rewritten: its event stays the one it was (M5)', async t => {
  const world = await mispWorld(t)
  const published = inDays(world, -3)
  const report = addReport(world, [], { published })
  const before = reportOf(await publish(world))
  t.match(before, { date: published.slice(0, 10), info: /^A report \[/ })
  const members = { name: 'Renamed', description: 'Other words', published: inDays(world, -1) }
  world.simulator.edit(report, members)
  const { manifest, ...served } = await publish(world)
  const after = reportOf({ manifest, ...served })
  t.equal(after.uuid, before.uuid)
  for (const facts of [after, manifest[after.uuid]!])
    t.match(facts, { info: before.info, date: before.date }, 'OpenCTI takes both for its identity')
  t.match(after.EventReport[0], {
    uuid: before.EventReport[0]!.uuid,
    name: 'Renamed',
    content: /^Other words/
  })
  t.ok(Number(after.EventReport[0]!.timestamp) > Number(before.EventReport[0]!.timestamp))
})

t.test('a copy that was forgotten comes back newer than its tombstone', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a', { valid_until: inDays(world, 400) })
  const report = addReport(world, [id])
  await publish(world)
  await misp.pull()
  world.simulator.edit(report, { object_refs: [] })
  await publish(world)
  await misp.pull()
  wait(world, 181)
  t.strictSame(livesOf(await publish(world), 'a').copies, [])
  world.simulator.edit(report, { object_refs: [id] })
  t.strictSame(livesOf(await publish(world), 'a').copies, ['live'])
  await misp.pull()
  t.equal(misp.liveToIds().get(`url|${url('a')}`)?.length, 2, 'the MISP takes it over')
})

t.test('tags of the event are only added', async t => {
  const world = await mispWorld(t)
  const report = addReport(world, [], { labels: ['one'] })
  await publish(world)
  world.simulator.edit(report, { labels: ['two'] })
  const tags = tagsOf(reportOf(await publish(world)))
  t.strictSame(
    tags.filter(tag => tag.startsWith('sekoia:')),
    ['sekoia:label="one"', 'sekoia:label="two"']
  )
})

t.test('a revoked report is taken back with its copies, and forgotten', async t => {
  const world = await mispWorld(t, { settings: { walkMs: 1 } })
  const misp = mispOf(world)
  const a = addIndicator(world, 'a', { valid_until: undefined })
  const report = addReport(world, [a])
  const { uuid, info, date } = reportOf(await publish(world))
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(report, { revoked: true })
  const revoked = await publish(world)
  t.strictSame(livesOf(revoked, 'a'), { own: ['live'], copies: ['deleted'] })
  t.equal(reportOf(revoked).EventReport[0]!.deleted, true)
  t.match(reportOf(revoked), { uuid, info, date }, 'under the name it had')
  t.strictSame(await pullAndCompare(world, misp), [])

  world.simulator.edit(report, { revoked: false })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: ['live'] })
  t.strictSame(await pullAndCompare(world, misp), [])

  world.simulator.edit(report, { revoked: true })
  await publish(world)
  wait(world, 181)
  t.notOk((await publish(world)).manifest[uuid])
  world.simulator.edit(a, { labels: ['edited'] })
  t.strictSame(reportsOf(await publish(world)), [], 'edits of its indicators do not bring it back')
  t.strictSame(
    (await keysOf(world, 'bucket')).filter(name => name.includes('report')),
    []
  )

  world.simulator.edit(report, { revoked: false })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: ['live'] })
})

/** Until nothing of it is left. */
async function emptyAndRevoke(world: MispWorld, report: string): Promise<void> {
  for (const edit of [{ object_refs: [] }, { revoked: true }]) {
    world.simulator.edit(report, edit)
    await publish(world)
  }
  wait(world, 181)
}

t.test('an indicator that a report named once does not bring the report back', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a', { valid_until: inDays(world, 400) })
  const report = addReport(world, [id])
  await publish(world)
  await emptyAndRevoke(world, report)
  await publish(world)
  world.simulator.edit(id, { labels: ['edited'] })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: [] })
  world.simulator.edit(id, { revoked: true })
  await publish(world)
  wait(world, 181)
  await publish(world)
  for (const table of ['bucket', 'event', 'link'])
    t.strictSame(await keysOf(world, table), [], table)
})

t.test('nor does one that was forgotten before the report was', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  const report = addReport(world, [id])
  await publish(world)
  for (const days of [10 + 30, 181]) {
    wait(world, days)
    await publish(world)
  }
  await emptyAndRevoke(world, report)
  t.strictSame((await publish(world)).events, [])
  world.simulator.edit(id, { valid_until: inDays(world, 1) })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: [] })
})

t.test('an indicator that was forgotten and comes back is copied again', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  addReport(world, [id])
  await publish(world)
  wait(world, 10 + 30 + 181)
  t.strictSame(livesOf(await publish(world), 'a').copies, ['deleted'])
  wait(world, 181)
  t.strictSame(livesOf(await publish(world), 'a'), { own: [], copies: [] })
  world.simulator.edit(id, { valid_until: inDays(world, 1) })
  t.strictSame(livesOf(await publish(world), 'a'), { own: ['live'], copies: ['live'] })
})

t.test('notes about a report', async t => {
  const note = { abstract: 'A note', content: 'More to say' }

  t.test('are texts of its event, and follow it', async t => {
    const world = await mispWorld(t)
    const report = addReport(world, [])
    const id = addObject(world, 'note', { ...note, object_refs: [report] })
    const names = async () =>
      reportOf(await publish(world)).EventReport.map(({ name, deleted }) => `${name}: ${deleted}`)
    t.strictSame((await names()).sort(), ['A note: false', 'A report: false'])
    world.simulator.edit(id, { abstract: 'The same note' })
    t.strictSame((await names()).sort(), ['A report: false', 'The same note: false'])
    world.simulator.edit(id, { revoked: true })
    t.strictSame((await names()).sort(), ['A report: false', 'The same note: true'])
    world.simulator.edit(id, { revoked: false })
    t.strictSame((await names()).sort(), ['A report: false', 'The same note: false'])
    world.simulator.edit(report, { revoked: true })
    t.strictSame((await names()).sort(), ['A report: true', 'The same note: true'])
  })

  t.test('may come before it, by any number of publications', async t => {
    const world = await mispWorld(t)
    const id = `report--${'1'.repeat(8)}-1111-4111-8111-${'1'.repeat(12)}`
    addObject(world, 'note', { ...note, object_refs: [id] })
    t.strictSame((await publish(world)).events, [])
    world.restart()
    t.strictSame((await publish(world)).events, [])
    addReport(world, [], { id })
    const { EventReport } = reportOf(await publish(world))
    t.strictSame(EventReport.map(({ name }) => name).sort(), ['A note', 'A report'])
  })

  t.test('about something else are left out', async t => {
    const world = await mispWorld(t)
    addObject(world, 'note', { ...note, object_refs: [addIndicator(world, 'a')] })
    const { events } = await publish(world)
    t.strictSame(
      events.flatMap(({ EventReport }) => EventReport),
      []
    )
  })
})

t.test('copies are not counted as indicators', async t => {
  const world = await mispWorld(t)
  addReport(world, [addIndicator(world, 'a'), addIndicator(world, 'b')])
  await publish(world)
  const counts = (await headsOf(world)).map(({ indicators }) => indicators)
  t.strictSame(counts.sort(), [0, 2])
})
