import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { Catalog } from '../../src/kernel/records.ts'
import { collectionA } from '../support/objects.ts'
import { buildTaxiiServer } from '../support/taxii-server.ts'

/** An answer that was read from memory is given again, as long as all that it was made of stays the same. */

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const O = `/sekoia/collections/${collectionA}/objects/`

/** A server over records and a catalog that say whether what they gave is valid. */
async function build(t: Test) {
  const server = await buildTaxiiServer(t)
  const { records } = server
  const state = { holds: true, isListed: true, asked: 0 }
  const read = records.read.bind(records)
  records.read = async request => {
    const result = await read(request)
    const validity = () => {
      state.asked++
      return state.holds
    }
    return { ...result, validity }
  }
  const listed = records.catalogFeeds.find(feed => feed.collectionId === collectionA)!
  const catalog: Pick<Catalog, 'validity'> = records
  catalog.validity = () => () => state.isListed
  return Object.assign(server, { state, listed, reads: () => records.reads.length })
}

t.test('the second answer is the first, byte for byte, and nothing is read for it', async t => {
  const server = await build(t)
  const first = await server.get(`${O}?limit=2`)
  const second = await server.get(`${O}?limit=2`)
  t.equal(server.reads(), 1)
  t.ok(second.rawPayload.equals(first.rawPayload))
  const { date: _first, ...headers } = first.headers
  t.match(second.headers, headers)
})

t.test('both are logged and counted alike', async t => {
  const server = await build(t)
  const { next } = (await server.get(`${O}?limit=1`)).json()
  server.counts.length = 0
  const url = `${O}?limit=1&next=${next}`
  for (let n = 0; n < 2; n++) await server.get(url)
  const plain = ({ time: _time, requestId: _id, ms: _ms, ...line }: Record<string, unknown>) => line
  const [, first, second] = server.logs.map(plain)
  t.same(second, first)
  t.match(second, { outcome: 'held', items: 1, token: 'continued', collection: collectionA })
  const [before, after] = [server.counts.slice(0, 3), server.counts.slice(3)]
  t.same(after, before)
  t.equal(server.reads(), 2)
})

t.test('If-None-Match, HEAD and codings work on it as on any other', async t => {
  const server = await build(t)
  const { headers, rawPayload } = await server.get(O)
  const tag = String(headers['etag'])
  t.equal((await server.get(O, { 'if-none-match': tag })).statusCode, 304)
  const head = await server.send({
    method: 'HEAD',
    url: O,
    headers: { authorization: 'Bearer valid-key' }
  })
  t.match(head, { statusCode: 200, rawPayload: Buffer.alloc(0), headers: { etag: tag } })
  const packed = await server.get(O, { 'accept-encoding': 'gzip' })
  t.equal(
    packed.headers['content-encoding'] ?? 'identity',
    rawPayload.length > 1024 ? 'gzip' : 'identity'
  )
  t.equal(server.reads(), 1)
})

t.test('it is read anew once it does not hold, and that one is given again', async t => {
  const server = await build(t)
  await server.get(O)
  server.state.holds = false
  server.records.feeds.get(collectionA)!.length = 1
  t.equal((await server.get(O)).json().objects.length, 1)
  t.equal(server.reads(), 2)
  server.state.holds = true
  t.equal((await server.get(O)).json().objects.length, 1)
  t.equal(server.reads(), 2)
})

t.test('G5: it is never given to another key', async t => {
  const server = await build(t)
  await server.get(O)
  server.records.keys.add('other-key')
  server.records.forbidden.add(`other-key ${collectionA}`)
  const refused = await server.get(O, { authorization: 'Bearer other-key' })
  t.equal(refused.statusCode, 403)
  t.equal((await server.get(O, { authorization: undefined })).statusCode, 401)
  t.equal(server.state.asked, 0)
})

t.test('what the listing says of the feed comes first', async t => {
  const server = await build(t)
  await server.get(O)
  server.state.isListed = false
  server.records.catalogFeeds.length = 0
  t.equal((await server.get(O)).statusCode, 404, 'a feed that is gone')
})

t.test('other questions are other answers, and refusals are none', async t => {
  const server = await build(t)
  for (const query of [
    '?limit=1',
    '?limit=2',
    '?match[type]=indicator',
    '?added_after=2030-01-01T00:00:00Z'
  ])
    await server.get(O + query)
  t.equal(server.reads(), 4)
  server.state.holds = false
  server.records.failure = new GatewayError('unavailable')
  t.equal((await server.get(`${O}?limit=1`)).statusCode, 503)
})

t.test('G9: what is kept of an answer keeps none of its objects in memory', async t => {
  const server = await build(t)
  let memory: WeakRef<ArrayBufferLike> | undefined
  const read = server.records.read
  server.records.read = async request => {
    const objects = Buffer.alloc(300_000, ' ')
    memory = new WeakRef(objects.buffer)
    return { ...(await read(request)), chunks: [objects] }
  }
  await server.get(O)
  for (let n = 0; n < 50 && memory!.deref(); n++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  t.equal(memory!.deref(), undefined)
  await server.get(O)
  t.equal(server.reads(), 2, 'and it is read again')
})
