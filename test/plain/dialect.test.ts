import t from 'tap'
import { buildGateway } from '../support/app.ts'

t.test('the feeds of a key are lines of collection id and title', async t => {
  const { send } = await buildGateway(t)
  const { collections } = (await send({ url: '/sekoia/collections/' })).json()
  const { statusCode, headers, body } = await send({ url: '/plain/feeds' })
  t.equal(statusCode, 200)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8')
  t.strictSame(
    body.split('\n'),
    [...collections, undefined].map(feed => (feed ? `${feed.id}\t${feed.title}` : ''))
  )
  const again = { url: '/plain/feeds', headers: { 'if-none-match': String(headers.etag) } }
  t.equal((await send(again)).statusCode, 304)
})

t.test('it answers as every dialect does', async t => {
  const { send } = await buildGateway(t)
  const status = async (request: Parameters<typeof send>[0]) => {
    const { statusCode, headers } = await send(request)
    return `${statusCode} ${headers['content-type']}`
  }
  const text = 'text/plain; charset=utf-8'
  t.equal(await status({ url: '/plain/feeds', headers: { authorization: '' } }), `401 ${text}`)
  t.equal(await status({ url: '/plain/other' }), `404 ${text}`)
  t.equal(await status({ url: '/plain/feeds', method: 'POST' }), `405 ${text}`)
})
