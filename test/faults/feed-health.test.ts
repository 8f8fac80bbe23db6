import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import { buildGateway } from '../support/app.ts'

/** K4: that a feed gets nothing new is told, whatever kind of trouble keeps it from being read on. */

const objects = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects/'

const troubles: readonly Fault[] = [
  ...[500, 302, 422, 429, 410, 414].map(status => ({ kind: 'status', status }) as const),
  { kind: 'html' },
  { kind: 'truncated' },
  { kind: 'reset' }
]

for (const fault of troubles) {
  const name = [fault.kind, 'status' in fault ? fault.status : ''].join(' ').trim()
  t.test(
    `a feed that cannot be read on for a minute: degraded, told, plotted (${name})`,
    async t => {
      const gateway = await buildGateway(t, { env: { UPSTREAM_BACKOFF_MS: '1' } })
      const { simulator } = gateway
      const poll = async () => {
        simulator.clock.advance(11_000)
        return (await gateway.send({ url: objects })).statusCode
      }
      const feeds = async () => (await gateway.send({ url: '/readyz' })).json().checks.feeds
      const gauge = async (series: string) => {
        const { body } = await gateway.send({ url: '/metrics' })
        return Number(new RegExp(`^sekoia_gateway_${series} (.*)$`, 'm').exec(body)?.[1])
      }
      const told = () => gateway.lines.filter(({ msg }) => /cannot be read on/.test(String(msg)))
      for (let n = 0; n < 3; n++) await poll()
      t.equal(await feeds(), 'ok')

      simulator.faults.rate(fault)
      for (let n = 0; n < 8; n++) t.equal(await poll(), 200, 'what is held is served')
      t.equal(await feeds(), '1 feed cannot be read on')
      t.equal(await gauge('degraded{part="feeds"}'), 1)
      t.ok((await gauge('feed_end_age_max_seconds')) >= 77)
      t.match(told(), [{ level: 40, feed: objects.split('/')[3] }])

      simulator.faults.clear()
      simulator.clock.advance(900_000)
      while ((await feeds()) !== 'ok') await poll()
      t.equal(await gauge('degraded{part="feeds"}'), 0)
      t.equal(told().length, 1)
    }
  )
}

t.test('a feed that cannot be swept is told once, and when it is swept again', async t => {
  const env = { UPSTREAM_BACKOFF_MS: '1', FEED_LOG_SWEEP_SECONDS: '3600' }
  const gateway = await buildGateway(t, { env })
  const { simulator } = gateway
  const told = () => gateway.lines.filter(({ msg }) => /swept/.test(String(msg)))
  const pollUntil = async (lines: number) => {
    for (let n = 0; n < 15 && told().length < lines; n++) {
      simulator.clock.advance(3_700_000)
      t.equal((await gateway.send({ url: objects })).statusCode, 200)
      await setTimeout(20)
    }
  }
  for (let n = 0; n < 3; n++) {
    await gateway.send({ url: objects })
    simulator.clock.advance(301_000)
  }
  /** The reading of the end has a cursor by now. */
  const begins = (url: string) => url.includes('/objects?') && !/cursor=|modified_after=/.test(url)
  simulator.faults.take = url => (begins(url) ? { kind: 'status' } : undefined)
  await pollUntil(1)
  for (let n = 0; n < 3; n++) {
    simulator.clock.advance(3_700_000)
    await gateway.send({ url: objects })
    await setTimeout(20)
  }
  simulator.faults.take = () => undefined
  await pollUntil(2)
  const feed = objects.split('/')[3]
  t.match(told(), [
    { level: 40, feed, reason: 'unavailable' },
    { level: 30, feed }
  ])
  t.equal(told().length, 2)
})
