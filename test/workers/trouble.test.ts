import t from 'tap'
import { Agent, request } from 'undici'
import { until } from '../support/redis.ts'
import { changingCertificate, get, isThere, pidsOf, startWorkers } from '../support/workers.ts'

/** What becomes of a gateway of several processes when one of them hangs, dies or cannot start. */

t.setTimeout(240_000)

t.test(
  'one that hangs is killed and replaced; the connection it was handed is answered',
  async t => {
    const { simulator, gateway, pids } = await startWorkers(t, { WORKER_TIMEOUT_MS: '10000' })
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
  const { gateway, pids } = await startWorkers(t)
  await gateway.kill()
  await until(() => ![...pids.values()].some(isThere))
})

t.test('one that cannot start is tried again, and `/readyz` says that it is missing', async t => {
  const { put, env, remove } = changingCertificate(t)
  put('first')
  const { gateway, pids } = await startWorkers(t, env)
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
