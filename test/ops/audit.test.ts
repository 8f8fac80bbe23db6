import t from 'tap'
import { buildGateway } from '../support/app.ts'
import { basic } from '../support/taxii-server.ts'

/** Lines of the log with the message `audit`. */

const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const objects = `/sekoia/collections/${feed}/objects/?limit=1`
const native = `/v2/inthreat/collections/${feed}/objects`

const auditOf = ({ lines }: { readonly lines: readonly Record<string, unknown>[] }) =>
  lines.filter(({ msg }) => msg === 'audit')

t.test('who is refused is told with address, client and user, once an hour each', async t => {
  const gateway = await buildGateway(t)
  const headers = { authorization: basic('alice', 'wrong-key'), 'user-agent': 'misp/2.5' }
  for (let n = 0; n < 3; n++) await gateway.send({ url: '/taxii2/', headers })
  t.match(auditOf(gateway), [
    {
      event: 'refused',
      reason: 'unauthorized',
      dialect: 'taxii',
      address: '127.0.0.1',
      user: 'alice',
      userAgent: 'misp/2.5',
      scope: /^[0-9a-f]{8}$/
    }
  ])
  await gateway.send({ url: native, headers })
  t.equal(auditOf(gateway).length, 2, "Sekoia's own no to a native client is one, too")
  t.equal(auditOf(gateway)[1]!['dialect'], 'native')
  gateway.simulator.clock.advance(3_600_000)
  await gateway.send({ url: '/taxii2/', headers })
  t.match(auditOf(gateway).at(-1), { event: 'refused', dialect: 'taxii', repeated: 2 })
  t.notMatch(gateway.logText(), 'wrong-key')
})

t.test('a key that Sekoia accepted and now refuses has lost its rights, told once', async t => {
  const gateway = await buildGateway(t)
  await gateway.send({ url: objects })
  const { scope } = gateway.lines.find(({ msg }) => msg === 'request')!
  gateway.simulator.keys.clear()
  gateway.simulator.clock.advance(700_000)
  for (let n = 0; n < 2; n++) {
    await gateway.send({ url: objects })
    gateway.simulator.clock.advance(60_000)
  }
  const lost = auditOf(gateway).filter(({ event }) => event === 'rights-lost')
  t.equal(lost.length, 1)
  t.match(lost, [{ scope, reason: 'unauthorized' }])
  t.notOk('feed' in lost[0]!, 'the key itself, and with it all its feeds')
})

t.test('the use of the operator token is told, by what it was used for', async t => {
  const token = 'operator-token-of-this-test'
  const gateway = await buildGateway(t, { env: { OPERATOR_TOKEN: token } })
  const headers = { authorization: `Bearer ${token}` }
  for (let n = 0; n < 2; n++) await gateway.send({ url: '/gateway/v1/status', headers })
  t.match(auditOf(gateway), [
    { event: 'operator', address: '127.0.0.1', route: '/gateway/v1/status' }
  ])
  t.notMatch(gateway.logText(), token)
  const line = gateway.lines.find(({ msg }) => msg === 'request')
  t.equal(line!['operator'], true)
})

t.test('G6: the operator token leaves no trace where it stands as the user name', async t => {
  const token = 'operator-token-of-these-words'
  const gateway = await buildGateway(t, { env: { OPERATOR_TOKEN: token, OPS_PORT: '1' } })
  for (const password of ['', token, 'another']) {
    const headers = { authorization: basic(token, password) }
    await gateway.send({ url: '/taxii2/', headers })
    await gateway.sendOps({ url: '/gateway/v1/status', headers })
  }
  t.match(auditOf(gateway), [{ user: undefined }, { user: undefined }, { user: '[hidden]' }])
  t.notMatch(gateway.logText(), token)
})
