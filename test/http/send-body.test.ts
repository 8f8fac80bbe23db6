import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { sendBody } from '../../src/http/send-body.ts'

/** A server that answers by `sendBody`, and what it did meanwhile. */
async function serve(t: Test, meanwhile: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200)
    sendBody(response, [Buffer.from('one, '), Buffer.from('two')], 1000)
    meanwhile(response)
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('an answer leaves when the turn ends, not before', async t => {
  const written: number[] = []
  const url = await serve(t, ({ socket }) => written.push(socket!.bytesWritten))
  const { statusCode, body } = await request(url)
  t.equal(statusCode, 200)
  t.equal(await body.text(), 'one, two')
  t.strictSame(written, [0])
})

t.test('a client that is gone when the turn ends is no error', async t => {
  const closed = Promise.withResolvers<void>()
  const url = await serve(t, response => {
    response.on('error', error => t.fail(error.message))
    response.on('close', () => setImmediate(() => closed.resolve()))
    response.destroy()
  })
  await t.rejects(request(url), { code: 'UND_ERR_SOCKET' })
  await closed.promise
})
