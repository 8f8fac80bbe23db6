import t from 'tap'
import { createProvenClock } from '../../src/kernel/proven-clock.ts'
import { openRedis, redisOptions, startRedis } from '../support/redis.ts'

/** Redis as a witness of the time (G14): one of several gateways notices that its own clock is wrong. */

t.setTimeout(60_000)

const hour = 3_600_000

t.test('a gateway whose clock is ahead is put right by Redis before anything is dated', async t => {
  const { port } = await startRedis(t)
  for (const skew of [hour, -hour, 400 * 24 * hour]) {
    const clock = createProvenClock({ wall: () => Date.now() + skew })
    await openRedis(t, {
      ...redisOptions(port),
      time: { clock, onTime: evidence => clock.observe(evidence, 'store') }
    })
    t.ok(Math.abs(clock.now() - Date.now()) < hour / 2, `${clock.now() - Date.now()}`)
  }
})

t.test('a Redis that may not be asked for the time is a store nonetheless', async t => {
  const server = await startRedis(t)
  await server.call('ACL', 'SETUSER', 'gateway', 'on', '>word', '~*', '+@all', '-time')
  const troubles: unknown[] = []
  const clock = createProvenClock({ wall: () => Date.now() + hour })
  const { log } = await openRedis(t, {
    ...redisOptions(server.port, { username: 'gateway', password: 'word' }),
    onTrouble: trouble => troubles.push(trouble),
    time: { clock, onTime: evidence => clock.observe(evidence, 'store') }
  })
  t.equal(await log.version('log'), 0)
  t.same(troubles, [])
  t.ok(clock.now() - Date.now() > hour / 2, 'and the clock is as it was')
})
