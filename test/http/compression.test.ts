import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { CompressedAnswers } from '../../src/http/compressed.ts'
import { chooseEncoding } from '../../src/http/encodings.ts'
import { dates, ok } from '../support/expect.ts'
import { collectionEmpty, M, O, R } from '../support/objects.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const decompress = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }

t.test(
  'RFC 9110 §12.5.3: the coding is the one that is liked best, by us among equals',
  async t => {
    for (const [header, coding] of [
      [undefined, undefined],
      ['', undefined],
      ['identity', undefined],
      ['deflate, compress', undefined],
      ['gzip', 'gzip'],
      ['GZip', 'gzip'],
      ['gzip, deflate', 'gzip'],
      ['gzip, deflate, br', 'br'],
      ['gzip, deflate, br, zstd', 'zstd'],
      ['zstd;q=0.1, gzip;q=0.9, br;q=0.5', 'gzip'],
      ['gzip;q=0', undefined],
      ['gzip;q=0, *', 'zstd'],
      ['*;q=0', undefined],
      ['gzip;q=0.5, identity', undefined],
      ['gzip;q=0.001', 'gzip'],
      ['gzip;q=x', undefined],
      [',,;', undefined]
    ] as const)
      t.equal(chooseEncoding(header), coding, String(header))
  }
)

t.test('H-3: answers come compressed when asked for, to the byte, under the same type', async t => {
  const server = await buildTaxiiServer(t)
  for (const url of [O, M, `${O}?limit=5`]) {
    const plain = await server.get(url)
    t.equal(plain.headers['content-encoding'], undefined)
    t.equal(plain.headers['content-length'], String(plain.rawPayload.length))
    for (const coding of ['gzip', 'br', 'zstd'] as const) {
      for (const turn of ['first', 'again']) {
        const answer = await server.get(url, { 'accept-encoding': coding })
        const name = `${url} ${coding} ${turn}`
        t.equal(answer.statusCode, 200, name)
        t.equal(answer.headers['content-encoding'], coding, name)
        t.equal(answer.headers['content-length'], String(answer.rawPayload.length), name)
        t.ok(decompress[coding](answer.rawPayload).equals(plain.rawPayload), name)
        for (const header of ['content-type', 'etag', 'vary', 'cache-control'])
          t.equal(answer.headers[header], plain.headers[header], `${name} ${header}`)
        t.strictSame(dates(answer), dates(plain), name)
      }
    }
  }
})

t.test('what fits in a packet or two goes out as it is', async t => {
  const server = await buildTaxiiServer(t)
  for (const url of ['/taxii2/', R, `${R}collections/${collectionEmpty}/objects/`]) {
    const answer = await server.get(url, { 'accept-encoding': 'gzip' })
    ok(t, answer)
    t.equal(answer.headers['content-encoding'], undefined, url)
  }
})

t.test('errors are never compressed', async t => {
  const server = await buildTaxiiServer(t)
  const answer = await server.get(`${O}?limit=0`, { 'accept-encoding': 'gzip' })
  t.equal(answer.headers['content-encoding'], undefined)
  t.equal(answer.json().http_status, '400')
})

t.test(
  'H-1: HEAD costs no body, and tells of no length or coding it has not worked out',
  async t => {
    const server = await buildTaxiiServer(t)
    const { headers } = await server.get(O)
    const head = await server.send({
      method: 'HEAD',
      url: O,
      headers: { authorization: credentials, 'accept-encoding': 'gzip' }
    })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.equal(head.headers['etag'], headers['etag'])
    for (const name of ['content-length', 'content-encoding', 'transfer-encoding'])
      t.equal(head.headers[name], undefined, name)
  }
)

const body = () => [Buffer.from('x'.repeat(5000)), randomBytes(1000)]

t.test('a body that many ask for at a time is compressed once', async t => {
  const answers = new CompressedAnswers(1_000_000)
  const [one, two, other] = await Promise.all([
    answers.make('tag', 'gzip', body()),
    answers.make('tag', 'gzip', body()),
    answers.make('tag', 'br', body())
  ])
  t.equal(one, two, 'the same piece of memory')
  t.not(one, other)
  t.equal(answers.get('tag', 'gzip'), one, 'and kept')
  t.equal(answers.get('tag', 'zstd'), undefined)
  t.equal(answers.get('other', 'gzip'), undefined)
})

t.test('G9: the bytes held are bounded, the least recently used go first', async t => {
  const answers = new CompressedAnswers(3000)
  for (const tag of ['a', 'b']) await answers.make(tag, 'gzip', body())
  t.ok(answers.get('a', 'gzip'))
  await answers.make('c', 'gzip', body())
  t.strictSame(
    ['a', 'b', 'c'].map(tag => answers.get(tag, 'gzip') !== undefined),
    [true, false, true]
  )
  const none = new CompressedAnswers(0)
  t.ok(await none.make('a', 'gzip', body()))
  t.equal(none.get('a', 'gzip'), undefined)
})
