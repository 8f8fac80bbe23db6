import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import t from 'tap'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { HttpWalker } from '../support/http-walker.ts'
import { until } from '../support/redis.ts'
import { changingCertificate, get, pidsOf, startWorkers } from '../support/workers.ts'

/** SIGHUP: the workers of a gateway are started anew one by one. */

t.setTimeout(240_000)

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

t.test('all workers show the certificate that was there when the last one came', async t => {
  const { put, env } = changingCertificate(t)
  put('first')
  const { gateway } = await startWorkers(t, env)
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
})

t.test('while all are started anew no request fails, and who polls gets every object', async t => {
  const { simulator, gateway } = await startWorkers(t, { FEED_LOG_TIP_SECONDS: '1' })
  const { key } = simulator
  const pollers = Array.from({ length: 4 }, () => new HttpWalker({ key, limit: 50 }))
  let isOver = false
  const polls = pollers.map(async poller => {
    while (!isOver) {
      await poller.step(gateway.url)
      await delay(20)
    }
  })
  const strangers = (async () => {
    while (!isOver) {
      await get(gateway.discovery, key)
      await delay(20)
    }
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
