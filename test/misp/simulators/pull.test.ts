import { gzipSync } from 'node:zlib'
import t from 'tap'
import {
  attribute,
  event,
  HandMadeFeed,
  inside,
  object,
  t0,
  tombstone,
  uuid5
} from '../../support/misp/hand-made.ts'
import { MispInstance } from '../../support/misp/instance.ts'
import type { Json } from '../../support/misp/json.ts'
import { liveValues, newer, pulling, reasons } from '../../support/misp/pulling.ts'

/** Which events a MISP fetches (MISP-1.2, MISP-1.6, MISP-1.8). */

t.test('what is not local is added, and seen by detection', async t => {
  const feed = new HandMadeFeed(
    event(1, {
      Attribute: [attribute(10), attribute(11, { to_ids: false }), tombstone(12)],
      Object: [object(20, [inside(21)])]
    })
  )
  const misp = pulling(feed)
  const { added, edited, skipped, dropped } = await misp.pull()
  t.strictSame(
    { added, edited, skipped, dropped },
    {
      added: [uuid5(1)],
      edited: [],
      skipped: [],
      dropped: []
    }
  )
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org', `md5|${inside(21)['value']}`])
  t.equal(misp.attributes().length, 4, 'an attribute born deleted is stored')
  t.equal(misp.events()[0]?.timestamp, t0 + 1)
})

t.test('an older local copy is edited, a newer or equal one skipped', async t => {
  const feed = new HandMadeFeed(
    event(1, { Attribute: [attribute(10)] }),
    event(2, { Attribute: [attribute(11)] })
  )
  const misp = pulling(feed)
  await misp.pull()
  feed.put(event(2, { timestamp: newer, info: 'changed', Attribute: [attribute(11)] }))
  const { added, edited, skipped } = await misp.pull()
  t.strictSame({ added, edited, skipped }, { added: [], edited: [uuid5(2)], skipped: [uuid5(1)] })
  t.equal(misp.events()[1]?.info, 'changed')
})

t.test(
  'an unchanged manifest answers 304, and failed events are tried again all the same',
  async t => {
    const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
    feed.statuses.set(`/${uuid5(1)}.json`, 503)
    const misp = pulling(feed)
    const first = await misp.pull()
    t.equal(first.notModified, false)
    t.match(reasons(first), [/^event: .* answered 503: not today$/])
    feed.statuses.clear()
    const second = await misp.pull()
    t.equal(second.notModified, true)
    t.strictSame(second.added, [uuid5(1)])
  }
)

t.test('without a manifest the job fails; an empty one is nothing to do', async t => {
  const feed = new HandMadeFeed()
  const misp = pulling(feed)
  for (const manifest of [{}, []]) {
    feed.manifest = manifest
    t.strictSame((await misp.pull()).failed, undefined)
  }
  t.strictSame(misp.dropped, [])
  feed.statuses.set('/manifest.json', 500)
  const { failed, notModified } = await misp.pull()
  t.match(failed, /answered 500/)
  t.equal(notModified, false)
  t.match(reasons(misp), [/^manifest: /])
})

t.test('a body is decoded, and one that is not JSON fails', async t => {
  const misp = new MispInstance({
    fetch: async () => ({ status: 200, headers: {}, body: '' }),
    now: () => t0
  })
  t.match((await misp.pull()).failed, /not JSON/)
  const answering = (encoding: string) =>
    new MispInstance({
      fetch: async () => ({
        status: 200,
        headers: { 'Content-Encoding': encoding },
        body: gzipSync('{}')
      }),
      now: () => t0
    })
  t.equal((await answering('gzip').pull()).failed, undefined)
  t.match((await answering('compress').pull()).failed, /content-encoding compress/)
})

t.test('a version 7 key, or a list, is refused before any download', async t => {
  const v7 = '00000000-0000-7000-8000-000000000001'
  const feed = new HandMadeFeed()
  for (const manifest of [{ [v7]: { timestamp: '1' } }, [{ timestamp: '1' }]]) {
    feed.manifest = manifest
    const pulled = await pulling(feed).pull()
    t.strictSame(reasons(pulled), ['event: the manifest key is not a UUID of RFC 4122'])
  }
  t.strictSame(feed.requests, ['/manifest.json', '/manifest.json'])
})

t.test('a key in upper case is never recognised', async t => {
  const feed = new HandMadeFeed()
  const upper = 'ABCDEF00-0000-5000-8000-000000000001'
  feed.putAs(upper, event(1, { uuid: upper, Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  await misp.pull()
  const lower = 'manifest: the key is not lower case'
  const here = `event: ${upper.toLowerCase()} is here already`
  t.strictSame(reasons(misp), [lower, lower, here])
})

t.test('a file of another event is filed under its own uuid, and asked for again', async t => {
  const feed = new HandMadeFeed()
  feed.putAs(uuid5(1), event(2, { Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  t.equal(misp.events()[0]?.uuid, uuid5(2))
  const again = await misp.pull()
  const other = `event: the file is of event ${uuid5(2)}`
  t.strictSame(reasons(again), [other, `event: ${uuid5(2)} is here already`])
})

t.test('a file of another event that is not here is no edit', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  feed.putAs(uuid5(1), event(2, { timestamp: newer, Attribute: [attribute(10)] }))
  t.equal(reasons(await misp.pull()).at(-1), 'event: there is no local event of that uuid')
})

t.test('an entry without a timestamp in seconds is never newer', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  feed.manifest = { [uuid5(1)]: { timestamp: 'now' } }
  const { skipped, ...pulled } = await misp.pull()
  t.strictSame(skipped, [uuid5(1)])
  t.strictSame(reasons(pulled), ['manifest: the timestamp is no number'])
})

t.test('a published event without anything in it is refused at every pull', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [], Object: [] }))
  const misp = pulling(feed)
  for (const _ of [1, 2]) {
    t.strictSame(reasons(await misp.pull()), ['event: the event is published and empty'])
  }
  t.equal(feed.requests.filter(path => path === `/${uuid5(1)}.json`).length, 2)
})

t.test('a file older than the manifest says is not newer, at every pull', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  feed.manifest = { [uuid5(1)]: { timestamp: newer } }
  for (const _ of [1, 2]) {
    t.strictSame(reasons(await misp.pull()), ['event: not newer than the local copy'])
  }
})

t.test('what left the manifest stays', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute: [attribute(10)] }))
  const misp = pulling(feed)
  await misp.pull()
  feed.remove(uuid5(1))
  await misp.pull()
  t.strictSame(liveValues(misp), ['domain|evil-10.example.org'])
})

t.test('an event whose own fields MISP refuses is not added', async t => {
  const wrong: [Json, string][] = [
    [{ info: '' }, 'the info is empty'],
    [{ date: '01/11/2026' }, 'the date is not YYYY-MM-DD'],
    [{ analysis: '3' }, 'the analysis is not 0, 1 or 2'],
    [{ threat_level_id: '0' }, 'the threat_level_id is not 1, 2, 3 or 4'],
    [{ uuid: undefined }, 'the event has no uuid'],
    [{ uuid: 'x' }, 'the uuid is not one of RFC 4122']
  ]
  for (const [fields, reason] of wrong) {
    const feed = new HandMadeFeed()
    feed.putAs(uuid5(1), event(1, { ...fields, Attribute: [attribute(10)] }))
    t.strictSame(reasons(await pulling(feed).pull()).at(-1), `event: ${reason}`)
  }
})

t.test('pull rules: full names in the manifest, parts of names in the event', async t => {
  const feed = new HandMadeFeed(
    event(1, { Attribute: [attribute(10)] }),
    event(2, { Attribute: [attribute(11)], Tag: [{ name: 'tlp:red', colour: '#ff0033' }] })
  )
  const blockedBy = async (rules: object) => {
    const misp = new MispInstance({ fetch: feed.fetch, now: () => t0, rules })
    return (await misp.pull()).blocked
  }
  t.strictSame(await blockedBy({ tags: { OR: ['tlp:green'] } }), [uuid5(2)])
  t.strictSame(await blockedBy({ tags: { NOT: ['tlp:green'] } }), [uuid5(1)])
  t.strictSame(await blockedBy({ tags: { NOT: ['TLP:R'] } }), [uuid5(2)])
  t.strictSame(await blockedBy({ orgs: { OR: ['ACME'] } }), [])
  t.strictSame(await blockedBy({ timestamp: t0 + 2 }), [uuid5(1)])
})
