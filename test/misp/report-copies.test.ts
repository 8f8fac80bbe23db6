import t from 'tap'
import type { AttributeBody, EventBody } from '../../src/misp/events/wire.ts'
import {
  addIndicator,
  addReport,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  url
} from '../support/misp-scenes.ts'
import { placesOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Copies of indicators in the events of reports: MISP is not to correlate a value with itself. */

const attributesOf = ({ Attribute, Object: objects }: EventBody): AttributeBody[] => [
  ...Attribute,
  ...objects.flatMap(object => object.Attribute)
]
const eventsOf = async (world: MispWorld) => {
  const { events } = await publish(world)
  const isReport = ({ info }: EventBody) => info.includes('report')
  return { report: events.find(isReport)!, day: events.find(event => !isReport(event))! }
}
const correlation = (event: EventBody) =>
  Object.fromEntries(
    attributesOf(event).map(({ type, disable_correlation: isOff }) => [type, !isOff])
  )

const pattern = `[file:hashes.MD5 = '${'1'.repeat(32)}' OR file:hashes.'SHA-1' = '${'2'.repeat(40)}']`

const withReport = (world: MispWorld) =>
  addReport(world, [addIndicator(world, 'a'), addIndicator(world, 'file', { pattern })], {
    external_references: [{ source_name: 'blog', url: 'https://blog.example.com/post' }]
  })

t.test('copies in reports are not correlated, the values themselves and links are', async t => {
  const world = await mispWorld(t)
  withReport(world)
  const { report, day } = await eventsOf(world)
  t.strictSame(correlation(day), { url: true, md5: true, sha1: true })
  t.strictSame(correlation(report), { url: false, md5: false, sha1: false, link: true })
})

t.test(
  'copies are left out where the settings say so, and taken back where there were some',
  async t => {
    const world = await mispWorld(t)
    const misp = mispOf(world)
    withReport(world)
    await publish(world)
    await misp.pull()
    world.restart({ settings: { reportCopies: false } })
    const { report, day } = await eventsOf(world)
    const live = (event: EventBody) =>
      attributesOf(event)
        .filter(({ deleted }) => !deleted)
        .map(({ type }) => type)
    t.strictSame(live(report), ['link'])
    t.equal(report.EventReport.length, 1)
    t.strictSame(live(day).sort(), ['md5', 'sha1', 'url'])
    t.strictSame(await pullAndCompare(world, misp), [])
    world.restart({ settings: { reportCopies: true } })
    t.equal(placesOf(await publish(world), url('a')).filter(p => !p.attribute.deleted).length, 2)
    t.strictSame(await pullAndCompare(world, misp), [])
  }
)

t.test('without copies a fresh event of a report has none', async t => {
  const world = await mispWorld(t, { settings: { reportCopies: false } })
  withReport(world)
  const { report } = await eventsOf(world)
  t.strictSame(correlation(report), { link: true })
})
