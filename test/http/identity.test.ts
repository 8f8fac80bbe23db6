import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { basicUserName } from '../../src/auth/credential.ts'
import { O } from '../support/objects.ts'
import { head, listen } from '../support/raw-http.ts'
import { basic, buildTaxiiServer } from '../support/taxii-server.ts'

/** Who asks, as the log tells it: never a key, and nothing that could be taken for another line or word. */

const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0'

async function told(t: Test, headers: Record<string, string>) {
  const server = await buildTaxiiServer(t)
  await server.get('/taxii2/', headers)
  const { address, userAgent, user } = server.logs.at(-1)!
  return { address, userAgent, user }
}

t.test('address, user agent and the user name of Basic are told', async t => {
  const headers = { authorization: basic('opencti', 'valid-key'), 'user-agent': browser }
  t.strictSame(await told(t, headers), {
    address: '127.0.0.1',
    userAgent: browser,
    user: 'opencti'
  })
  const bearer = { authorization: 'Bearer valid-key', 'user-agent': 'python-requests/2.32.3' }
  t.match(await told(t, bearer), { userAgent: 'python-requests/2.32.3', user: undefined })
})

t.test('G6: what is a key, or looks like one, is hidden', async t => {
  const keys = ['sio_x', 'a1b2c3d4e5f6a7b8c9d0e1f2', `eyJ${'hbGciOi'.repeat(6)}J9`, 'valid-key']
  for (const key of keys) {
    const asUser = await told(t, { authorization: basic(key, 'valid-key') })
    t.equal(asUser.user, '[hidden]', `user ${key}`)
    const asAgent = await told(t, {
      authorization: 'Bearer valid-key',
      'user-agent': `client/1 (${key})`
    })
    t.equal(asAgent.userAgent, '[hidden]', `agent ${key}`)
  }
})

t.test('G6: a key that is longer than what is told is hidden, not cut', async t => {
  const key = `k.${'x.'.repeat(60)}`
  const found = await told(t, {
    authorization: basic(key, key),
    'user-agent': `${'client '.repeat(20)}${key}`
  })
  t.match(found, { user: '[hidden]', userAgent: '[hidden]' })
})

t.test('a user name without a password may be the key, and is no user name', async t => {
  t.equal(basicUserName(basic('short-key', '')), undefined)
  t.equal(basicUserName(basic('None', 'None')), undefined)
  t.equal(basicUserName('Bearer abc'), undefined)
  t.equal(basicUserName('Basic not base64'), undefined)
  t.equal(basicUserName(basic('a', 'b:c')), 'a')
})

t.test('line ends, and marks that turn the writing, become spaces; long names are cut', async t => {
  const odd = await told(t, { authorization: basic('a\u202eb\u200bc', 'valid-key') })
  t.equal(odd.user, 'a b c')
  const long = await told(t, {
    authorization: basic('ab '.repeat(100), 'valid-key'),
    'user-agent': 'ab '.repeat(200)
  })
  t.ok(String(long.user).length <= 64)
  t.ok(String(long.userAgent).length <= 200)
})

t.test('the address of a client that left before its answer is known', async t => {
  const server = await buildTaxiiServer(t)
  const arrived = new Promise<void>(resolve => {
    server.records.read = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  const socket = connect(await listen(server.app), '127.0.0.1')
  socket.write(head(`GET ${O} HTTP/1.1`, `Authorization: ${basic('misp', 'valid-key')}`))
  await arrived
  socket.destroy()
  while (server.logs.length === 0) await setImmediate()
  t.match(server.logs, [{ status: 499, address: '127.0.0.1', user: 'misp' }])
})
