import t from 'tap'
import { checkFeed } from '../support/misp/checker.ts'
import { type Changes, checkWith, feedWith, goodHashes, url } from '../support/misp/good-feed.ts'
import {
  attribute,
  event,
  green,
  HandMadeFeed,
  t0,
  tombstone,
  uuid5
} from '../support/misp/hand-made.ts'
import type { Json } from '../support/misp/json.ts'

/** The static checker itself: a good feed passes, and each sentence is the answer to one change of it. */

t.test('a good feed has no problem', async t => {
  t.strictSame(await checkWith({}), [])
})

t.test('nor has one at the limits', async t => {
  const limits = {
    comment: 'x'.repeat(1024),
    last_seen: '2026-10-01T00:00:00Z',
    Tag: [{ name: 'x'.repeat(255) }]
  }
  t.strictSame(await checkWith({ domain: limits }), [])
})

t.test('nor one whose event takes a tag back, which the manifest does not list', async t => {
  const Tag = [green, { name: 'a', colour: '#000000', deleted: true }]
  t.strictSame(await checkWith({ event: { Tag }, entry: { Tag: [green] } }), [])
})

/** One more attribute of the first event, which hashes.csv may leave out. */
const added = (fields: Json): Changes => ({
  more: [attribute(15, { to_ids: false, last_seen: undefined, ...fields })]
})

const red = { name: 'tlp:red', colour: '#ff0033' }
const other = { name: 'B', uuid: '00000000-0000-4000-8000-000000000000' }
const version4 = '00000000-0000-4000-8000-000000000010'

/** A change, and every sentence that it brings, without the uuid of the first event before it. */
const cases: readonly [Changes, ...string[]][] = [
  // Fields of the event, and of the manifest.
  [
    { event: { info: '' } },
    'event: info is not a string that is not empty',
    'manifest: info is not a string that is not empty'
  ],
  [
    { event: { analysis: '3' } },
    'event: analysis is not one of the strings 0, 1, 2',
    'manifest: analysis is not one of the strings 0, 1, 2'
  ],
  [
    { event: { Orgc: { name: 'ACME', uuid: 'x' } } },
    'event: Orgc is not an organisation with name and uuid',
    'manifest: Orgc is not an organisation with name and uuid'
  ],
  [
    { event: { date: '2026-13-01' } },
    'event: date is not a day as YYYY-MM-DD',
    'manifest: date is not a day as YYYY-MM-DD'
  ],
  [
    { event: { analysis: 2 } },
    'event: analysis is not one of the strings 0, 1, 2',
    'manifest: analysis is not one of the strings 0, 1, 2'
  ],
  [
    { event: { threat_level_id: 4 } },
    'event: threat_level_id is not one of the strings 1, 2, 3, 4',
    'manifest: threat_level_id is not one of the strings 1, 2, 3, 4'
  ],
  [
    { event: { timestamp: t0 + 1, publish_timestamp: t0 + 1 } },
    'event: timestamp is not a string of epoch seconds',
    'manifest: timestamp is not a string of epoch seconds'
  ],
  [
    { event: { Orgc: { name: 'ACME' } } },
    'event: Orgc is not an organisation with name and uuid',
    'manifest: Orgc is not an organisation with name and uuid'
  ],
  [{ event: { published: 1 } }, 'event: published is not true'],
  [{ event: { publish_timestamp: 0 } }, `event: publish_timestamp is not "${t0 + 1}"`],
  [{ event: { extends_uuid: null } }, 'event: extends_uuid is not ""'],
  [{ event: { EventReport: null } }, 'event: EventReport is not a list'],
  [{ event: { distribution: '5' } }, 'event: distribution is there'],
  [{ event: { Galaxy: [] } }, 'event: Galaxy is there'],
  // Manifest and event.
  [{ entry: { info: 'other' } }, 'info differs between manifest and event'],
  [{ entry: { date: '2026-11-02' } }, 'date differs between manifest and event'],
  [{ entry: { timestamp: String(t0 + 9) } }, 'timestamp differs between manifest and event'],
  [{ entry: { analysis: '1' } }, 'analysis differs between manifest and event'],
  [{ entry: { threat_level_id: '1' } }, 'threat_level_id differs between manifest and event'],
  [{ entry: { Orgc: other } }, 'Orgc differs between manifest and event'],
  [{ entry: { Tag: [green, { ...red, name: 'a' }] } }, 'Tag differs between manifest and event'],
  // Tags.
  [
    { event: { Tag: undefined } },
    'event: Tag is not a list',
    'event: not exactly one tlp tag',
    'manifest: Tag is not a list',
    'manifest: not exactly one tlp tag'
  ],
  [
    { event: { Tag: [green, red] } },
    'event: not exactly one tlp tag',
    'manifest: not exactly one tlp tag'
  ],
  [
    { event: { Tag: [{ ...green, name: 'tlp:blue' }] } },
    'event: tlp:blue is no TLP tag',
    'manifest: tlp:blue is no TLP tag'
  ],
  [
    { event: { Tag: [{ name: 'tlp:green' }] } },
    "event: tag 'tlp:green' has no colour",
    "manifest: tag 'tlp:green' has no colour"
  ],
  [
    { event: { Tag: [green, 'tlp:green'] } },
    'event: Tag holds something that is no tag',
    'manifest: Tag holds something that is no tag'
  ],
  [
    { domain: { Tag: [{ name: 'TLP:GREEN' }] } },
    'event: TLP:GREEN is inside, the event is tlp:green'
  ],
  [{ domain: { Tag: [red] } }, 'event: tlp:red is inside, the event is tlp:green'],
  [{ domain: { Tag: null } }, `attribute ${uuid5(10)}: Tag is not a list`],
  [{ domain: { Tag: [{ colour: '#000000' }] } }, `attribute ${uuid5(10)}: a tag has no name`],
  [
    { domain: { Tag: [{ name: 'a', colour: 'red' }] } },
    `attribute ${uuid5(10)}: tag 'a' has no colour`
  ],
  [
    { domain: { Tag: [{ name: 'aB' }, { name: 'Ab' }] } },
    `attribute ${uuid5(10)}: tag 'Ab' is there twice`
  ],
  [
    { domain: { Tag: [{ name: 'x'.repeat(256) }] } },
    `attribute ${uuid5(10)}: tag '${'x'.repeat(60)}' is longer than 255 characters`
  ],
  [
    { domain: { Tag: [{ name: 'malware="x"' }] } },
    `attribute ${uuid5(10)}: tag 'malware="x"' begins with a word of OpenCTI's`
  ],
  // Times.
  [{ domain: { timestamp: String(t0 + 2) } }, `event: it is older than ${uuid5(10)} in it`],
  [{ object: { timestamp: String(t0 + 2) } }, `event: it is older than ${uuid5(20)} in it`],
  [{ reference: { timestamp: String(t0 + 2) } }, `event: it is older than ${uuid5(30)} in it`],
  [{ report: { timestamp: String(t0 + 2) } }, `event: it is older than ${uuid5(40)} in it`],
  [
    { inside: { timestamp: String(t0 + 1) } },
    `object ${uuid5(20)}: it is older than its attribute ${uuid5(21)}`
  ],
  [
    { domain: { last_seen: '2026-09-30T23:59:59.999999Z' } },
    `attribute ${uuid5(10)}: last_seen is before first_seen`
  ],
  [
    {
      domain: {
        first_seen: '2026-10-01T00:00:00.000002Z',
        last_seen: '2026-10-01T00:00:00.000001Z'
      }
    },
    `attribute ${uuid5(10)}: last_seen is before first_seen`
  ],
  [
    { domain: { first_seen: '2026-10-01' } },
    `attribute ${uuid5(10)}: first_seen is not an ISO 8601 time with zone`
  ],
  [
    { domain: { last_seen: null } },
    `attribute ${uuid5(10)}: last_seen is not an ISO 8601 time with zone`
  ],
  [
    { domain: { timestamp: t0 } },
    `attribute ${uuid5(10)}: timestamp is not a string of epoch seconds`
  ],
  // Attributes.
  [{ domain: { to_ids: 'true' } }, `attribute ${uuid5(10)}: to_ids is not a boolean`],
  [{ domain: { deleted: 0 } }, `attribute ${uuid5(10)}: deleted is not a boolean`],
  [
    { domain: { disable_correlation: undefined } },
    `attribute ${uuid5(10)}: disable_correlation is not a boolean`
  ],
  [
    { domain: { comment: null } },
    `attribute ${uuid5(10)}: comment is not a string of at most 1024 bytes`
  ],
  [
    { domain: { comment: 'é'.repeat(513) } },
    `attribute ${uuid5(10)}: comment is not a string of at most 1024 bytes`
  ],
  [{ domain: { event_id: '1' } }, `attribute ${uuid5(10)}: event_id is there`],
  [{ old: { to_ids: true } }, `attribute ${uuid5(13)}: deleted, but to_ids`],
  [added({ uuid: version4 }), `attribute ${version4}: uuid is not a lower-case version 5 UUID`],
  [added({ type: 'suricata' }), `attribute ${uuid5(15)}: type suricata is unknown`],
  [
    added({ type: 'stix2-pattern', category: 'External analysis' }),
    `attribute ${uuid5(15)}: category External analysis does not allow type stix2-pattern`
  ],
  [
    added({ value: 'localhost' }),
    `attribute ${uuid5(15)}: MISP refuses it: the value is not of type domain`
  ],
  [
    added({ value: 'Evil.example.net' }),
    `attribute ${uuid5(15)}: MISP stores the value in another form`
  ],
  [
    added({ ...url, value: 'http://evil.EXAMPLE.org/path' }),
    `attribute ${uuid5(15)}: same to MISP as ${uuid5(11)}`
  ],
  // Objects.
  [{ object: { name: '' } }, `object ${uuid5(20)}: name is not a string that is not empty`],
  [
    { object: { 'meta-category': undefined } },
    `object ${uuid5(20)}: meta-category is not a string that is not empty`
  ],
  [
    { object: { template_version: 25 } },
    `object ${uuid5(20)}: template_version is not a string of a natural number`
  ],
  [
    { object: { template_uuid: undefined } },
    `object ${uuid5(20)}: template_uuid is not a lower-case UUID`
  ],
  [{ object: { distribution: '5' } }, `object ${uuid5(20)}: distribution is there`],
  [{ object: { Tag: [] } }, `object ${uuid5(20)}: Objects cannot carry tags`],
  [
    { object: { deleted: true } },
    `object ${uuid5(20)}: it is deleted, its attribute ${uuid5(21)} is not`
  ],
  [
    { inside: { object_relation: undefined } },
    `attribute ${uuid5(21)}: object_relation is not a string that is not empty`
  ],
  // References and reports.
  [
    { reference: { referenced_uuid: uuid5(14) } },
    `reference ${uuid5(30)}: ${uuid5(14)} is not in the event`
  ],
  [
    { reference: { source_uuid: undefined } },
    `reference ${uuid5(30)}: source_uuid is not "${uuid5(20)}"`
  ],
  [
    { reference: { relationship_type: '' } },
    `reference ${uuid5(30)}: relationship_type is not a string that is not empty`
  ],
  [{ report: { name: '' } }, `report ${uuid5(40)}: name is not a string that is not empty`],
  [{ report: { content: undefined } }, `report ${uuid5(40)}: content is not a string`]
]

for (const [changes, ...sentences] of cases) {
  t.test(sentences[0]!, async t => {
    const problems = await checkWith(changes)
    t.strictSame(problems.sort(), sentences.map(sentence => `${uuid5(1)}: ${sentence}`).sort())
  })
}

t.test('an Object without attributes, and an event without anything', async t => {
  const noAttribute = await checkWith({ object: { Attribute: [] } })
  t.ok(noAttribute.includes(`${uuid5(1)}: object ${uuid5(20)}: it has no attribute`))
  const empty = await checkWith({ second: { Attribute: [] }, hashes: goodHashes })
  t.ok(empty.includes(`${uuid5(2)}: event: it is empty`))
})

t.test('an event has fewer than 10,000 attributes', async t => {
  const many = (size: number) =>
    checkWith({ second: { Attribute: Array.from({ length: size }, (_, n) => tombstone(100 + n)) } })
  const isAboutSize = (problem: string) => problem.includes('attributes')
  t.strictSame((await many(10_000)).filter(isAboutSize), [
    `${uuid5(2)}: event: it has 10000 attributes`
  ])
  t.strictSame((await many(9_999)).filter(isAboutSize), [])
})

t.test('a manifest has at most 10,000 entries', async t => {
  const listing = (size: number) => {
    const manifest = Object.fromEntries(Array.from({ length: size }, (_, n) => [uuid5(n), {}]))
    return checkFeed({ ...feedWith({}), manifest: Buffer.from(JSON.stringify(manifest)) })
  }
  t.equal((await listing(10_001))[0], 'manifest: it has 10001 entries')
  t.not((await listing(10_000))[0], 'manifest: it has 10000 entries')
})

t.test('a manifest is a JSON object', async t => {
  for (const text of ['', '[]', '{"a":']) {
    const problems = await checkFeed({ ...feedWith({}), manifest: Buffer.from(text) })
    t.strictSame(problems, ['manifest: it is not a JSON object'])
  }
})

t.test('every listed event can be read, and is of the uuid under which it is listed', async t => {
  const good = feedWith({})
  const gone = await checkFeed({ ...good, event: () => Promise.reject(new Error('404')) })
  t.ok(gone.includes(`${uuid5(2)}: the event cannot be read`))
  const list = await checkFeed({ ...good, event: async () => Buffer.from('[]') })
  t.ok(list.includes(`${uuid5(2)}: the event cannot be read`))
  const empty = await checkFeed({ ...good, event: async () => Buffer.from('{}') })
  t.ok(empty.includes(`${uuid5(2)}: the event cannot be read`))
  const same = await checkFeed({ ...good, event: () => good.event(uuid5(1)) })
  t.ok(same.includes(`${uuid5(2)}: the file is of another event`))
})

t.test('uuids, infos and timestamps are unique over all events', async t => {
  t.strictSame(await checkWith({ second: { info: 'Event 1' } }), [
    "info 'Event 1' is of two events"
  ])
  const timestamp = String(t0 + 1)
  t.strictSame(await checkWith({ second: { timestamp, publish_timestamp: timestamp } }), [
    `timestamp ${timestamp} is of two events`
  ])
  const taken = attribute(14, { uuid: uuid5(40) })
  t.strictSame(await checkWith({ second: { Attribute: [taken] } }), [
    `uuid ${uuid5(40)} is there twice`
  ])
})

t.test('a key of the manifest is a lower-case version 5 UUID', async t => {
  const upper = 'ABCDEF00-0000-5000-8000-000000000001'
  const feed = new HandMadeFeed()
  feed.putAs(upper, event(1, { Attribute: [tombstone(13)] }))
  t.strictSame(await checkFeed(feed.served()), [
    `${upper}: manifest: key is not a lower-case version 5 UUID`,
    `${upper}: the file is of another event`
  ])
})
