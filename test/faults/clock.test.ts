import { globSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import type { Clock } from '../../src/kernel/ports.ts'
import { buildGateway, type Gateway } from '../support/app.ts'
import { startGateway } from '../support/gateway-process.ts'
import { installPackage } from '../support/system-package.ts'

/** A clock of the gateway's machine that is wrong, and is put right (K1, G14). */

t.setTimeout(120_000)

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const collection = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects/'

/** A gateway whose clock is ahead of Sekoia's by `skew.ms`. */
async function gatewayAhead(t: Parameters<typeof buildGateway>[0], ms: number) {
  const skew = { ms }
  const truth = { now: () => 0, pass: (_ms: number) => {} }
  const clock: Clock = {
    now: () => truth.now() + skew.ms,
    elapsed: () => truth.now(),
    async sleep(ms) {
      truth.pass(ms)
      await setImmediate()
    }
  }
  const gateway = await buildGateway(t, { clock, simulator: { now: Date.UTC(2026, 0, 15, 12) } })
  truth.now = () => gateway.simulator.clock.now()
  truth.pass = ms => gateway.simulator.clock.advance(ms)
  return { gateway, skew }
}

async function read({ send }: Gateway, query: string) {
  const { statusCode, headers, body } = await send({ url: `${collection}?${query}` })
  if (statusCode !== 200) throw new Error(`${statusCode}: ${body}`)
  const { objects = [] } = JSON.parse(body) as { objects?: { id: string }[] }
  return {
    ids: objects.map(({ id }) => id),
    last: String(headers['x-taxii-date-added-last'])
  }
}

for (const [name, ms] of [
  ['90 seconds', 90_000],
  ['an hour', hour],
  ['400 days', 400 * day]
] as const)
  t.test(
    `a clock that was ${name} ahead and is put right: clients get what comes, by its dates and by their own clocks`,
    async t => {
      const { gateway, skew } = await gatewayAhead(t, ms)
      const { simulator, meter } = gateway
      await read(gateway, '')
      simulator.clock.advance(20_000)
      const [early] = simulator.add(1)
      const { ids, last } = await read(gateway, 'added_after=2026-01-15T11:59:59Z')
      t.ok(ids.includes(early!))
      t.ok(Date.parse(last) > simulator.clock.now() + ms - minute, 'a date in the future is told')

      const polledAt = new Date(simulator.clock.now()).toISOString()
      simulator.clock.advance(1000)
      skew.ms = 0
      const [late] = simulator.add(1)
      // What is dated anew comes once no other gateway can still tell the end without looking.
      for (let polls = 0; polls < 2; polls++) {
        simulator.clock.advance(11_000)
        await read(gateway, `added_after=${polledAt}`)
      }
      simulator.clock.advance(11_000)
      t.ok((await read(gateway, `added_after=${last}`)).ids.includes(late!), 'by our header')
      const own = await read(gateway, `added_after=${polledAt}`)
      t.ok(own.ids.includes(late!), 'by its own clock')
      t.ok(Date.parse(own.last) <= simulator.clock.now(), 'no date is in the future any more')

      simulator.clock.advance(ms)
      const [later] = simulator.add(1)
      simulator.clock.advance(11_000)
      const again = await read(gateway, `added_after=${last}`)
      t.ok(
        [late!, later!].every(id => again.ids.includes(id)),
        'also when it comes once that date has passed'
      )
      t.same(
        (await read(gateway, `added_after=${own.last}`)).ids,
        [later],
        'nobody else gets repeats'
      )
      t.match(await meter.text(), /^sekoia_gateway_journals_redated_total 1$/m)
      const told = gateway.lines.filter(({ msg }) => /dated anew/.test(String(msg)))
      t.equal(told.length, 1)
      t.ok(Math.abs(Number(told[0]!['skewMs']) - ms) <= minute, `${told[0]!['skewMs']}`)
    }
  )

/** Environment of a process whose machine is ahead by an hour; time passes for it as it does. */
function aheadByAnHour(): Record<string, string> {
  installPackage('faketime', 'faketime')
  const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  return { LD_PRELOAD: library, FAKETIME: '+3600', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
}

/** Polls as a client does until `id` is there; gives the last date. The test's own timeout ends it. */
async function pollFor(url: string, key: string, addedAfter: string, id: string): Promise<string> {
  for (;;) {
    const answer = await fetch(`${url}${collection}?added_after=${addedAfter}`, {
      headers: { authorization: `Bearer ${key}`, accept: 'application/taxii+json;version=2.1' }
    })
    const { objects = [] } = (await answer.json()) as { objects?: { id: string }[] }
    if (objects.some(object => object.id === id))
      return String(answer.headers.get('x-taxii-date-added-last'))
    await sleep(100)
  }
}

t.test(
  'a process an hour ahead is put right by Sekoia’s Date, and started again with the right clock: nothing is lost',
  async t => {
    const simulator = await startSimulator({
      objects: 10,
      historyDays: 1,
      switches: { date: 'none' }
    })
    t.teardown(() => simulator.close())
    const told = { SEKOIA_URL: simulator.url, DATA_DIR: t.testdir(), FEED_LOG_TIP_SECONDS: '1' }
    const { url, told: saidTo, stop } = await startGateway(t, { ...told, ...aheadByAnHour() })
    const { key } = simulator
    const addOne = () => simulator.add(1)[0]!
    const start = new Date().toISOString()
    const ahead = await pollFor(url, key, start, addOne())
    t.ok(Date.parse(ahead) > Date.now() + 1_800_000, `${ahead} is in the future`)

    simulator.switches.date = 'machine'
    const put = await pollFor(url, key, ahead, addOne())
    await saidTo(/the clock of this machine is wrong/)
    await saidTo(/dated anew/)
    t.ok(Date.parse(put) < Date.now() + 60_000, `${put} is not`)
    await stop()

    const again = await startGateway(t, told)
    const id = addOne()
    for (const addedAfter of [ahead, put, start])
      t.ok(Date.parse(await pollFor(again.url, key, addedAfter, id)) < Date.now() + 60_000)
  }
)
