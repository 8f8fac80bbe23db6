import t from 'tap'
import * as wire from '../../src/sekoia/wire.ts'
import { parseBaseUrl, parseFeedList, parseRetryAfter } from '../../src/sekoia/wire.ts'
import { failure } from '../support/failure.ts'

const base = { origin: 'https://api.sekoia.io', path: '/v2/inthreat' }
const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

t.test('the base URL is free text (SEKOIA-1)', async t => {
  const forms: [string, string][] = [
    ['https://api.sekoia.io', 'https://api.sekoia.io /v2/inthreat'],
    [' https://api.sekoia.io/ ', 'https://api.sekoia.io /v2/inthreat'],
    ['api.sekoia.io', 'https://api.sekoia.io /v2/inthreat'],
    ['https://api.sekoia.io/api', 'https://api.sekoia.io /api/v2/inthreat'],
    ['https://api.sekoia.io/v2/inthreat', 'https://api.sekoia.io /v2/inthreat'],
    ['https://api.sekoia.io/api/v2/inthreat//', 'https://api.sekoia.io /api/v2/inthreat'],
    [
      'https://api.sekoia.io/v2/inthreat/collections?limit=1#x',
      'https://api.sekoia.io /v2/inthreat'
    ],
    ['https://app.sekoia.io', 'https://app.sekoia.io /api/v2/inthreat'],
    ['https://app.fra2.sekoia.io/api/', 'https://app.fra2.sekoia.io /api/v2/inthreat'],
    ['https://api.usa1.sekoia.io', 'https://api.usa1.sekoia.io /v2/inthreat'],
    ['http://127.0.0.1:8080/under/api/', 'http://127.0.0.1:8080 /under/api/v2/inthreat']
  ]
  for (const [text, expected] of forms) {
    const { origin, path } = parseBaseUrl(text)
    t.equal(`${origin} ${path}`, expected, text)
  }
})

t.test('what is no http URL, or carries credentials, is no base URL', async t => {
  for (const text of ['', 'ftp://api.sekoia.io', 'https://', 'https://u:p@api.sekoia.io', 'a b']) {
    t.throws(() => parseBaseUrl(text), TypeError, text)
  }
})

t.test('a page request sends its limit, and a cursor or a time, all percent-encoded', async t => {
  const path = (request: object) =>
    wire.feedObjectsPath(base, { feedId, types: [], limit: 100, ...request })
  const start = `/v2/inthreat/collections/${feedId}/objects`
  t.equal(path({}), `${start}?limit=100`)
  t.equal(path({ limit: 9999 }), `${start}?limit=2000`)
  t.equal(path({ cursor: 'a+b/c=&d' }), `${start}?limit=100&cursor=a%2Bb%2Fc%3D%26d`)
  t.equal(
    path({ modifiedAfter: '2024-01-02T03:04:05Z' }),
    `${start}?limit=100&modified_after=2024-01-02T03%3A04%3A05Z`
  )
  t.notMatch(path({ cursor: 'c', modifiedAfter: '2024-01-02T03:04:05Z' }), /modified_after/)
  t.equal(
    path({ types: ['indicator', 'malware'] }),
    `${start}?limit=100&match%5Btype%5D=indicator%2Cmalware`
  )
})

t.test('an id never leaves its path segment', async t => {
  t.equal(wire.feedPath(base, '../x?y#z'), '/v2/inthreat/feeds/..%2Fx%3Fy%23z')
  for (const id of ['', '.', '..', '\ud800']) {
    t.throws(() => wire.feedPath(base, id), failure('not-found'))
  }
})

t.test('relationships have their own path, ids are joined by commas', async t => {
  t.equal(wire.objectKindOf('relationship--1'), 'relationships')
  t.equal(wire.objectKindOf('indicator--1'), 'objects')
  t.equal(wire.objectsPath(base, 'objects', ['a--1', 'b--2']), '/v2/inthreat/objects/a--1,b--2')
})

t.test('Retry-After is read in seconds and as an HTTP date (RFC 9110 §10.2.3)', async t => {
  const now = Date.UTC(2024, 0, 2, 3, 4, 5)
  t.equal(parseRetryAfter('120', now), 120_000)
  t.equal(parseRetryAfter('Tue, 02 Jan 2024 03:04:35 GMT', now), 30_000)
  t.equal(parseRetryAfter('Tue, 02 Jan 2024 03:04:00 GMT', now), 0)
  t.equal(parseRetryAfter('soon', now), undefined)
  t.equal(parseRetryAfter(undefined, now), undefined)
})

t.test('a feed is read leniently: what is missing or odd becomes empty', async t => {
  const items = [
    { id: 'f', title: null, types: null, labels: ['a', 1], sort_order: 'up' },
    { id: 1 },
    7
  ]
  const list = parseFeedList(Buffer.from(JSON.stringify({ items, total: 3 })))
  t.equal(list.itemCount, 3)
  t.equal(list.total, 3)
  t.same(list.feeds, [
    {
      id: 'f',
      title: '',
      types: [],
      observableTypes: [],
      tlps: [],
      sources: [],
      labels: ['a'],
      sortOrder: undefined,
      format: 'json',
      givesAll: false
    }
  ])
})

t.test('what is no list of feeds is a bad answer', async t => {
  for (const body of ['', '[]', '{}', '{"items":{}}', '<html>', 'null']) {
    t.throws(() => parseFeedList(Buffer.from(body)), failure('bad-answer'), body)
  }
})
