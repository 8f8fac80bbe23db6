import t from 'tap'
import {
  attribute,
  event,
  HandMadeFeed,
  object,
  reference,
  report,
  t0,
  uuid5
} from '../../support/misp/hand-made.ts'
import type { Json } from '../../support/misp/json.ts'
import { OpenCti } from '../../support/misp/opencti.ts'
import { newer } from '../../support/misp/pulling.ts'

/** OpenCTI's misp-feed connector (MISP-2). */

const listed = (n: number, timestamp = t0 + n) => ({ uuid: uuid5(n), timestamp })
const events = (...numbers: number[]) =>
  numbers.map(n => event(n, { Attribute: [attribute(100 + n)] }))
const options = { now: () => t0 + 2, importFrom: t0 }
const reading = ({ fetch }: HandMadeFeed) => new OpenCti({ ...options, fetch })

t.test('each changed event is fetched once, in order of time', async t => {
  const feed = new HandMadeFeed(...events(3, 1, 2))
  const openCti = reading(feed)
  t.strictSame(await openCti.run(), {
    processed: [listed(1), listed(2), listed(3)],
    failed: [],
    error: undefined
  })
  t.strictSame((await openCti.run()).processed, [])
  feed.put(event(2, { timestamp: newer, Attribute: [attribute(102)] }))
  t.strictSame((await openCti.run()).processed, [listed(2, t0 + 100)])
  t.strictSame(openCti.lost, [])
  t.strictSame(openCti.collisions, [])
})

t.test('the first run starts now unless it is told a date', async t => {
  const feed = new HandMadeFeed(...events(1, 2, 3))
  const openCti = new OpenCti({ fetch: feed.fetch, now: () => t0 + 2 })
  t.strictSame((await openCti.run()).processed, [listed(3)])
  t.strictSame(openCti.lost, [], 'what is older was never asked for')
})

t.test('of two events with one timestamp, one is lost', async t => {
  const feed = new HandMadeFeed(...events(1), event(2, { timestamp: String(t0 + 1) }))
  const openCti = reading(feed)
  t.strictSame((await openCti.run()).processed, [listed(1)])
  t.strictSame(openCti.lost, [listed(2, t0 + 1)])
})

t.test('an event that is stamped lower than one already seen is lost', async t => {
  const feed = new HandMadeFeed(...events(5))
  const openCti = reading(feed)
  await openCti.run()
  feed.put(...events(4))
  await openCti.run()
  t.strictSame(openCti.lost, [listed(4)])
})

t.test('an event whose download fails is lost once a later one succeeds', async t => {
  const feed = new HandMadeFeed(...events(1, 2))
  feed.statuses.set(`/${uuid5(2)}.json`, 503)
  const openCti = reading(feed)
  t.strictSame((await openCti.run()).failed, [listed(2)])
  t.strictSame(openCti.lost, [], 'the cursor that was saved is before it')
  t.strictSame((await openCti.run()).failed, [listed(2)], 'it is tried again')
  feed.put(...events(3))
  await openCti.run()
  feed.statuses.clear()
  await openCti.run()
  t.strictSame(openCti.lost, [listed(2)])
})

t.test('reports are told apart by info and date', async t => {
  const same = { info: 'same' }
  const feed = new HandMadeFeed(event(1, same), event(2, same))
  const openCti = reading(feed)
  await openCti.run()
  feed.put(event(1, { timestamp: newer, info: 'renamed' }))
  await openCti.run()
  t.match(openCti.collisions, [/merges with/, /splits/])
})

const raising: [string, Json][] = [
  ['Event.Orgc', { Orgc: undefined }],
  ['Event.Orgc.name', { Orgc: { uuid: uuid5(9) } }],
  ['info in the manifest', { info: undefined }],
  ['date in the manifest', { date: 20_261_101 }],
  ['timestamp in the manifest', { timestamp: 'soon' }],
  ['Event.date', { date: '1 November 2026' }],
  ['Event.Attribute', { Attribute: null }],
  ['Event.Tag.name', { Tag: [{ colour: '#ffffff' }] }],
  ...['type', 'category', 'value', 'uuid', 'comment'].map((name): [string, Json] => [
    `Attribute.${name}`,
    { Attribute: [attribute(10, { [name]: null })] }
  ]),
  ['Attribute.to_ids', { Attribute: [attribute(10, { to_ids: '1' })] }],
  ['Attribute.timestamp', { Attribute: [attribute(10, { timestamp: '' })] }],
  ['Object.Attribute', { Object: [object(20, [], { Attribute: undefined })] }],
  ...['name', 'description', 'meta-category'].map((name): [string, Json] => [
    `Object.${name}`,
    { Object: [object(20, [], { [name]: undefined })] }
  ]),
  ...['name', 'content', 'timestamp'].map((name): [string, Json] => [
    `EventReport.${name}`,
    { EventReport: [report(40, { [name]: undefined })] }
  ]),
  ...['relationship_type', 'comment'].map((name): [string, Json] => {
    const ObjectReference = [reference(30, uuid5(20), uuid5(21), { [name]: undefined })]
    return [`ObjectReference.${name}`, { Object: [object(20, [], { ObjectReference })] }]
  })
]
for (const [what, fields] of raising) {
  t.test(`an event without a good ${what} stops this and every later run`, async t => {
    const feed = new HandMadeFeed(event(1, fields), ...events(2))
    const openCti = reading(feed)
    for (const _ of [1, 2]) {
      const { error, processed } = await openCti.run()
      t.ok(error?.startsWith(`${what} is`), `${error}`)
      t.strictSame(processed, [])
    }
  })
}

t.test('a timestamp may be a number, and a file a list of one event', async t => {
  const feed = new HandMadeFeed(event(1, { timestamp: t0 + 1 }))
  const asList = (copies: number) =>
    new OpenCti({
      ...options,
      async fetch(path, headers) {
        const answer = await feed.fetch(path, headers)
        if (path === '/manifest.json') return answer
        return { ...answer, body: `[${Array(copies).fill(answer.body).join()}]` }
      }
    })
  t.strictSame((await asList(1).run()).processed, [listed(1)])
  t.match(await asList(2).run(), { processed: [], error: 'the list is too long' })
})

t.test('a list holds objects only', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: ['x'] }))
  t.equal((await reading(feed).run()).error, 'Event.Attribute holds no object')
})

t.test('a manifest that cannot be read stops the run', async t => {
  const feed = new HandMadeFeed()
  feed.manifest = []
  t.equal((await reading(feed).run()).error, 'manifest.json is not an object')
  feed.manifest = { [uuid5(1)]: 'x' }
  t.equal((await reading(feed).run()).error, `the entry of ${uuid5(1)} is not an object`)
})

t.test('without a manifest nothing happens', async t => {
  const feed = new HandMadeFeed(...events(1))
  feed.statuses.set('/manifest.json', 400)
  t.match(await reading(feed).run(), { processed: [], error: 'no manifest.json' })
})
