import t from 'tap'
import { Agent, request } from 'undici'
import { startSimulator } from '../../src/demo/simulator.ts'
import { buildGateway } from '../support/app.ts'
import { makeCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/gateway-process.ts'

/** What the operator asks, on the public listener or on one of its own, and for whom. */

const token = 'operator-token-of-this-test'
const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
const basic = (text: string) => ({
  authorization: `Basic ${Buffer.from(`prometheus:${text}`).toString('base64')}`
})
const paths = ['/livez', '/readyz', '/metrics']

const restricted = { OPERATOR_TOKEN: token, METRICS_OPERATOR_ONLY: 'true' }

async function refusals(gateway: { meter: { text(): Promise<string> } }) {
  const text = await gateway.meter.text()
  return Number(/operator_refused_total\{asked="metrics"\} (\d+)/.exec(text)?.[1])
}

t.test('without OPS_PORT the public listener has health and metrics, for anybody', async t => {
  const { send } = await buildGateway(t)
  for (const url of paths)
    t.equal((await send({ url, headers: { authorization: '' } })).statusCode, 200, url)
})

t.test('OPS_PORT takes them off the public listener', async t => {
  const { send, sendOps } = await buildGateway(t, { env: { OPS_PORT: '9090' } })
  for (const url of paths) {
    t.equal((await send({ url })).statusCode, 404, `${url} in public`)
    t.equal((await sendOps({ url })).statusCode, 200, `${url} for the operator`)
  }
  t.equal((await sendOps({ url: '/taxii2/' })).statusCode, 404, 'clients have no business there')
  t.equal((await send({ url: '/taxii2/' })).statusCode, 200)
})

t.test('METRICS_OPERATOR_ONLY: metrics ask for the token, health does not', async t => {
  const gateway = await buildGateway(t, { env: restricted })
  const status = async (headers: Record<string, string>) =>
    (await gateway.send({ url: '/metrics', headers: { authorization: '', ...headers } })).statusCode
  t.equal(await status(bearer(token)), 200)
  t.equal(await status(basic(token)), 200, 'as a password, too')
  t.equal(await refusals(gateway), 0)
  const wrong = [{}, bearer(`${token}x`), bearer(token.slice(1)), bearer(gateway.simulator.key)]
  for (const headers of wrong) t.equal(await status(headers), 401)
  t.equal(await refusals(gateway), wrong.length, 'each is counted')
  const asked = { url: '/metrics', headers: { authorization: '' } }
  t.match((await gateway.send(asked)).headers['www-authenticate'], /^Basic/)
  t.equal((await gateway.send({ url: '/readyz', headers: { authorization: '' } })).statusCode, 200)
})

t.test('the token is no key: it opens no feed, and Sekoia never sees it', async t => {
  const { send, simulator } = await buildGateway(t, { env: { OPERATOR_TOKEN: token } })
  simulator.putKey(token)
  for (const url of ['/taxii2/', '/sekoia/collections/', '/misp/', '/v2/inthreat/collections'])
    t.equal((await send({ url, headers: bearer(token) })).statusCode, 401, url)
  t.equal(simulator.calls.length, 0)
})

t.test('without a token nobody is the operator, not even with an empty one', async t => {
  const { send } = await buildGateway(t)
  for (const authorization of ['Bearer ', 'Basic Og==', ''])
    t.equal((await send({ url: '/taxii2/', headers: { authorization } })).statusCode, 401)
})

t.test('a process with OPS_PORT says both addresses, and ends both', async t => {
  const simulator = await startSimulator({ objects: 20 })
  t.teardown(() => simulator.close())
  const port = await freePort()
  const gateway = await startGateway(t, { SEKOIA_URL: simulator.url, OPS_PORT: String(port) })
  const [line] = await gateway.told(/^.*the gateway serves"\}$/m)
  const { ops } = JSON.parse(line) as { ops: string }
  t.equal(ops, `http://127.0.0.1:${port}`)
  const ready = await request(`${ops}/readyz`)
  t.match(await ready.body.json(), { status: 'ok' })
  t.equal((await gateway.stop()).code, 0)
  await t.rejects(request(`${ops}/livez`))
})

t.test('the operator listener has the certificate, and asks none of its clients', async t => {
  const { cert, certFile, keyFile } = makeCertificate(t, 'gateway')
  const port = await freePort()
  await startGateway(t, {
    OPS_PORT: String(port),
    SERVER_TLS_CERT_FILE: certFile,
    SERVER_TLS_KEY_FILE: keyFile,
    SERVER_TLS_CLIENT_CA_FILE: certFile
  })
  const dispatcher = new Agent({ connect: { ca: cert } })
  t.teardown(() => dispatcher.close())
  const live = await request(`https://127.0.0.1:${port}/livez`, { dispatcher })
  t.equal(live.statusCode, 200)
})
