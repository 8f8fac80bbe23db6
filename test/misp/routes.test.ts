import t from 'tap'
import { defaultFeed, ownFeed, startMispGateway } from '../support/misp/gateway-feeds.ts'
import { decoders, uuidsOf } from '../support/misp/http.ts'

/** The files of a MISP feed over HTTP (MISP-1.1, MISP-1.5; INV-12 and INV-15). */

t.setTimeout(120_000)

const { ask } = await startMispGateway(t)

/** Below a feed's URL, `''` for the default feed: its three kinds of file. */
async function filesOf(feed: string): Promise<string[]> {
  const base = feed === '' ? '/misp' : `/misp/${feed}`
  const [uuid] = uuidsOf(await ask(`${base}/manifest.json`))
  return [`${base}/manifest.json`, `${base}/hashes.csv`, `${base}/${uuid}.json`]
}

const own = await filesOf(ownFeed)
const all = [...(await filesOf('')), ...(await filesOf(defaultFeed)), ...own, '/misp/']

t.test('MISP-1.1: a feed has a manifest, hashes, and a file for every event listed', async t => {
  for (const feed of [defaultFeed, ownFeed]) {
    const manifest = await ask(`/misp/${feed}/manifest.json`)
    t.equal(manifest.status, 200)
    t.equal(manifest.headers['content-type'], 'application/json')
    const uuids = uuidsOf(manifest)
    t.ok(uuids.length > 20, 'there is something to list')
    for (const uuid of uuids) {
      const event = await ask(`/misp/${feed}/${uuid}.json`)
      t.equal(event.status, 200)
      t.equal(event.headers['content-type'], 'application/json')
      t.equal(JSON.parse(event.text).Event.uuid, uuid)
    }
    const hashes = await ask(`/misp/${feed}/hashes.csv`)
    t.equal(hashes.status, 200)
    t.equal(hashes.headers['content-type'], 'text/csv; charset=utf-8')
    t.match(hashes.text, /^([0-9a-f]{32},[0-9a-f-]{36}\n)+[0-9a-f]{32},[0-9a-f-]{36}$/)
    const named = new Set(hashes.text.split('\n').map(line => line.slice(33)))
    t.strictSame(
      [...named].filter(uuid => !uuids.includes(uuid)),
      [],
      'of listed events only'
    )
  }
})

t.test('without a feed id it is the default feed', async t => {
  const [manifest, hashes, event] = await filesOf('')
  for (const [path, file] of [
    [manifest, 'manifest.json'],
    [hashes, 'hashes.csv'],
    [event, event!.slice('/misp/'.length)]
  ])
    t.equal((await ask(path!)).text, (await ask(`/misp/${defaultFeed}/${file}`)).text, path!)
  t.not((await ask(manifest!)).text, (await ask(own[0]!)).text, 'and not another one')
})

t.test(
  'a URL configured with a slash at its end, which doubles it, gives the same at once',
  async t => {
    for (const path of all) {
      const plain = await ask(path)
      t.equal(plain.status, 200, path)
      for (const doubled of [path.replace(/\/(?=[^/]*$)/, '//'), path.replaceAll('/', '//')]) {
        const answer = await ask(doubled)
        t.equal(answer.status, 200, doubled)
        t.equal(answer.headers['location'], undefined)
        t.ok(answer.body.equals(plain.body), doubled)
      }
    }
  }
)

t.test('a feed has one content whatever the letter case of its id', async t => {
  const answer = await ask(own[0]!.replace(ownFeed, ownFeed.toUpperCase()))
  t.equal(answer.text, (await ask(own[0]!)).text)
})

t.test('HEAD says what GET says, without a body and without a length that is not so', async t => {
  for (const path of all) {
    const get = await ask(path)
    const head = await ask(path, { method: 'HEAD' })
    t.equal(head.status, 200, path)
    t.equal(head.body.length, 0, path)
    for (const name of ['etag', 'content-type', 'cache-control', 'vary'])
      t.equal(head.headers[name], get.headers[name], `${path} ${name}`)
    t.ok(
      [undefined, String(get.body.length)].includes(head.headers['content-length']),
      `${path}: ${head.headers['content-length']}`
    )
  }
})

t.test('every answer is private, and depends on key and coding', async t => {
  for (const path of all) {
    const { headers } = await ask(path)
    t.match(headers['cache-control'], /^private\b/, path)
    const vary = String(headers['vary']).split(', ')
    for (const name of ['Authorization', 'Accept-Encoding']) t.ok(vary.includes(name), path)
    t.equal(headers['set-cookie'], undefined)
  }
})

t.test('If-None-Match with the tag is 304 without a body, whatever a proxy made of it', async t => {
  for (const path of all) {
    const { headers } = await ask(path)
    const tag = String(headers['etag'])
    t.match(tag, /^W\/"[^"]+"$/, path)
    const strong = tag.slice(2)
    const gzipped = `${strong.slice(0, -1)}-gzip"`
    for (const held of [tag, strong, gzipped, `W/${gzipped}`, `"x", ${tag}`]) {
      for (const method of ['GET', 'HEAD'] as const) {
        for (const coding of [undefined, 'gzip', 'zstd']) {
          const given = { 'if-none-match': held, 'accept-encoding': coding }
          const answer = await ask(path, { method, headers: given })
          t.equal(answer.status, 304, `${path} ${held}`)
          t.equal(answer.body.length, 0)
          for (const name of ['etag', 'cache-control', 'vary'])
            t.equal(answer.headers[name], headers[name], `${path} ${name}`)
          for (const name of ['content-type', 'content-length', 'content-encoding'])
            t.equal(answer.headers[name], undefined, `${path} ${name}`)
        }
      }
    }
    for (const other of ['"x"', `"0${strong.slice(1)}`, strong.replace(/"$/, '-gzipped"')])
      t.equal((await ask(path, { headers: { 'if-none-match': other } })).status, 200, other)
  }
})

t.test('tags differ from file to file', async t => {
  const tags = await Promise.all(all.map(async path => (await ask(path)).headers['etag']))
  t.equal(new Set(tags).size, tags.length)
})

t.test('MISP-1.5: what is compressed was asked for, and decoded it is the same', async t => {
  for (const path of all) {
    const plain = await ask(path)
    t.equal(plain.headers['content-encoding'], undefined, path)
    t.equal(plain.headers['content-length'], String(plain.body.length), path)
    for (const [header, coding] of [
      ['gzip', 'gzip'],
      ['br', 'br'],
      ['zstd', 'zstd'],
      ['deflate, gzip, br, zstd', 'zstd'],
      ['deflate', undefined],
      ['identity', undefined],
      ['zstd;q=0, gzip', 'gzip']
    ] as const) {
      const answer = await ask(path, { headers: { 'accept-encoding': header } })
      const found = answer.headers['content-encoding']
      t.ok([coding, undefined].includes(found as typeof coding), `${path} ${header}: ${found}`)
      if (plain.body.length > 1024) t.equal(found, coding, `${path} ${header}`)
      const decoded = found ? decoders[found as keyof typeof decoders](answer.body) : answer.body
      t.ok(decoded.equals(plain.body), `${path} ${header}`)
      for (const name of ['etag', 'content-type', 'cache-control', 'vary'])
        t.equal(answer.headers[name], plain.headers[name], `${path} ${header} ${name}`)
      t.ok(
        [undefined, String(answer.body.length)].includes(answer.headers['content-length']),
        'a length that is told is right'
      )
    }
  }
})

t.test('what MISP sends along changes nothing', async t => {
  const headers = {
    accept: 'application/json, text/plain, text/*',
    'accept-encoding': 'deflate, gzip, br, zstd',
    'misp-version': '2.5.1',
    'misp-uuid': '9f1a3c5e-7b2d-4e6f-8a9b-0c1d2e3f4a5b',
    commit: 'abcdef',
    'user-agent': 'MISP 2.5.1 - #abcdef',
    'if-modified-since': 'Thu, 01 Jan 2099 00:00:00 GMT',
    range: 'bytes=0-9'
  }
  for (const path of all) {
    const plain = await ask(path)
    const answer = await ask(path, { headers: { ...headers, 'accept-encoding': undefined } })
    t.equal(answer.status, 200, path)
    t.ok(answer.body.equals(plain.body), path)
    t.equal((await ask(path, { headers })).status, 200, path)
    for (const accept of ['*/*', 'text/html', 'application/xml', undefined])
      t.equal((await ask(path, { headers: { accept } })).status, 200, `${path} ${accept}`)
  }
})
