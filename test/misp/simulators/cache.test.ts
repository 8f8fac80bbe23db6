import t from 'tap'
import {
  attribute,
  event,
  HandMadeFeed,
  hashLine,
  inside,
  object,
  uuid5
} from '../../support/misp/hand-made.ts'
import { pulling } from '../../support/misp/pulling.ts'

/** What a MISP caches of a feed (MISP-1.3, MISP-1.7). */

const Attribute = [
  attribute(10, { type: 'url', value: 'http://a.example/X' }),
  attribute(11, { type: 'ip-dst|port', value: '192.0.2.1|80' }),
  attribute(12, { type: 'comment' })
]
const objects = [object(20, [inside(21)])]

t.test('hashes.csv is enough, for both ways to look a value up', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute }))
  const values = ['http://a.example/X', 'http://a.example/x', '192.0.2.1', 'b.example/']
  feed.hashes = values.map(value => `${hashLine(value, 1)}\n`).join('')
  const misp = pulling(feed)
  const { source, junk, size } = await misp.cache()
  t.strictSame({ source, junk, size }, { source: 'hashes.csv', junk: [], size: 4 })
  t.strictSame(feed.requests, ['/hashes.csv'])
  t.strictSame(misp.feedCache.correlate('url', 'http://a.example/X'), [uuid5(1)])
  t.strictSame(misp.feedCache.search(' HTTP://a.example/X'), [uuid5(1)])
  t.strictSame(misp.feedCache.correlate('ip-dst|port', '192.0.2.1|443'), [uuid5(1)])
  t.strictSame(misp.feedCache.correlate('comment', '192.0.2.1'), [])
  t.strictSame(misp.feedCache.search('b.example'), [])
  t.strictSame(misp.feedCache.correlate('url', 'ftp://b.example/'), [uuid5(1)], 'without scheme')
  t.strictSame(misp.feedCache.correlate('text', 'ftp://b.example/'), [])
  t.strictSame(misp.feedCache.correlate('url', 'b.example/'), [uuid5(1)])
})

t.test('the cache is made anew each time, from either source', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute }))
  const misp = pulling(feed)
  for (const value of ['first', 'second']) {
    feed.hashes = hashLine(value, 1)
    t.equal((await misp.cache()).size, 1)
  }
  t.strictSame(misp.feedCache.search('first'), [])
  feed.hashes = ''
  await misp.cache()
  t.strictSame(misp.feedCache.search('second'), [])
})

t.test('a blank or one-column line is junk', async t => {
  const feed = new HandMadeFeed()
  feed.hashes = `\n${hashLine('a', 1)}\n\nabc\n${hashLine('b', 1)}\n\n`
  t.strictSame((await pulling(feed).cache()).junk, ['', 'abc'])
})

for (const [title, status, hashes] of [
  ['empty', 200, ''],
  ['not found', 404, 'x']
] as const) {
  t.test(`with hashes.csv ${title}, MISP reads the manifest and every event`, async t => {
    const feed = new HandMadeFeed(event(1, { Attribute, Object: objects }))
    feed.hashes = hashes
    if (status !== 200) feed.statuses.set('/hashes.csv', status)
    const misp = pulling(feed)
    const { source, failed } = await misp.cache()
    t.strictSame({ source, failed }, { source: 'events', failed: undefined })
    t.strictSame(feed.requests, ['/hashes.csv', '/manifest.json', `/${uuid5(1)}.json`])
    t.strictSame(misp.feedCache.correlate('url', 'http://a.example/X'), [uuid5(1)])
    t.strictSame(misp.feedCache.correlate('md5', String(inside(21)['value'])), [], 'no Objects')
  })
}

t.test('the fallback fails with a key that is not a UUID', async t => {
  const feed = new HandMadeFeed()
  feed.manifest = { x: {} }
  t.match((await pulling(feed).cache()).failed, /x is not a UUID/)
})

t.test('the fallback fails with the first event that is missing', async t => {
  const feed = new HandMadeFeed(event(1, { Attribute }))
  feed.statuses.set(`/${uuid5(1)}.json`, 500)
  t.match((await pulling(feed).cache()).failed, /answered 500/)
})
