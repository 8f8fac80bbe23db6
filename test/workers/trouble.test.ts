import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { startSimulator } from '../../src/demo/simulator.ts'
import { makeCertificate } from '../support/certificate.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { HttpWalker } from '../support/http-walker.ts'
import { until } from '../support/redis.ts'
import { get, isThere, pidsOf } from '../support/workers.ts'

/** What becomes of a gateway of several processes when one of them hangs, dies or cannot start. */

t.setTimeout(120_000)

async function start(t: Test, env: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulator({ objects: 200, historyDays: 30, bloat: false })
  t.teardown(() => simulator.close())
  const gateway = await startGateway(t, { WORKERS: '2', SEKOIA_URL: simulator.url, ...env })
  return { simulator, gateway, pids: await pidsOf(gateway, 2) }
}

t.test(
  'one that hangs is killed and replaced; the connection it was handed is answered',
  async t => {
    const { simulator, gateway, pids } = await start(t, { WORKER_TIMEOUT_MS: '10000' })
    const stopped = pids.get(2)!
    process.kill(stopped, 'SIGSTOP')
    const answers = Array.from({ length: 4 }, () => get(gateway.discovery, simulator.key))
    await gateway.told(new RegExp(`"pid":${stopped}.*"msg":"a worker hangs: it is killed"`))
    t.equal((await Promise.all(answers)).length, 4, 'nobody who asks meanwhile is refused')
    t.not((await pidsOf(gateway, 3)).get(2), stopped)
    t.match(await get(`${gateway.url}/metrics`, simulator.key), /nodejs_eventloop_lag/)
    const { code } = await gateway.stop()
    t.equal(code, 0)
  }
)

t.test('when the process in front is killed, the workers end', async t => {
  const { gateway, pids } = await start(t)
  await gateway.kill()
  await until(() => ![...pids.values()].some(isThere))
})

/** Certificates in turn at the same paths. */
function certificates(t: Test) {
  const directory = t.testdir()
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const put = (name: string) => {
    const made = makeCertificate(t, name)
    copyFileSync(made.certFile, certFile)
    copyFileSync(made.keyFile, keyFile)
  }
  const DATA_DIR = join(directory, 'data')
  const env = { SERVER_TLS_CERT_FILE: certFile, SERVER_TLS_KEY_FILE: keyFile, DATA_DIR }
  return { put, env, remove: () => rmSync(certFile) }
}

/** The name on the certificate that the gateway shows to a new connection. */
const shownBy = ({ url }: GatewayProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      const { CN } = socket.getPeerCertificate().subject
      socket.destroy()
      resolve(String(CN))
    })
  })

t.test(
  'SIGHUP: all workers show the certificate that was there when the last one came',
  async t => {
    const { put, env } = certificates(t)
    put('first')
    const { gateway } = await start(t, env)
    t.strictSame([await shownBy(gateway), await shownBy(gateway)], ['first', 'first'])
    put('second')
    gateway.signal('SIGHUP')
    // The first worker has been replaced, and has read the second certificate.
    await pidsOf(gateway, 3)
    put('third')
    gateway.signal('SIGHUP')
    await until(
      async () => (await shownBy(gateway)) === 'third' && (await shownBy(gateway)) === 'third'
    )
    t.equal((await gateway.stop()).code, 0)
  }
)

t.test('one that cannot start is tried again, and `/readyz` says that it is missing', async t => {
  const { put, env, remove } = certificates(t)
  put('first')
  const { gateway, pids } = await start(t, env)
  const ready = async () => {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
    const { body } = await request(`${gateway.url}/readyz`, { dispatcher })
    const text = await body.text()
    await dispatcher.close()
    return JSON.parse(text)
  }
  t.match(await ready(), { status: 'ok', checks: { workers: 'ok' } })
  remove()
  process.kill(pids.get(2)!, 'SIGKILL')
  await gateway.told(/"no":2,.*"msg":"a worker does not start: it is tried again"/)
  t.match(await ready(), {
    status: 'degraded',
    checks: { workers: '1 of 2 workers ended and could not be replaced yet' }
  })
  put('second')
  await pidsOf(gateway, 3)
  await until(async () => (await ready()).status === 'ok')
  t.equal((await gateway.stop()).code, 0)
})

t.test('while all are started anew no request fails, and who polls gets every object', async t => {
  const { simulator, gateway } = await start(t, { FEED_LOG_TIP_SECONDS: '1' })
  const { key } = simulator
  const pollers = Array.from({ length: 4 }, () => new HttpWalker({ key, limit: 50 }))
  let isOver = false
  const polls = pollers.map(async poller => {
    while (!isOver) await poller.step(gateway.url)
  })
  const strangers = (async () => {
    while (!isOver) await get(gateway.discovery, key)
  })()
  for (const starts of [4, 6]) {
    gateway.signal('SIGHUP')
    simulator.add(20)
    await pidsOf(gateway, starts)
  }
  isOver = true
  await Promise.all([...polls, strangers])
  for (const poller of pollers) {
    await until(async () => {
      await poller.step(gateway.url)
      return poller.lacks(simulator) === 0
    })
  }
  t.equal((await gateway.stop()).code, 0)
})
