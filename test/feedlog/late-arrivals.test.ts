import t, { type Test } from 'tap'
import { buildGateway } from '../support/app.ts'
import { defaultFeed } from '../support/gateway.ts'

/** Objects that Sekoia shows later than their place in the feed was read are counted by how late they are (P-32). */

const page = `/sekoia/collections/${defaultFeed}/objects/`

/** A gateway that has read its feed to the end, `relookSeconds` ago and since. */
async function settledGateway(t: Test) {
  const gateway = await buildGateway(t, { env: { FEED_LOG_RELOOK_SECONDS: '100' } })
  const { simulator } = gateway
  const poll = async () => {
    const { statusCode } = await gateway.send({ url: page })
    t.equal(statusCode, 200)
  }
  const counted = async () => {
    const text = await gateway.meter.text()
    const read = (delay: string) =>
      Number(new RegExp(`late_arrivals_total{delay="${delay}"} (\\d+)`).exec(text)?.[1] ?? 0)
    return { short: read('short'), nearLimit: read('near_limit') }
  }
  /** Polls every eleven seconds for so long. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 11) {
      simulator.clock.advance(11_000)
      await poll()
    }
  }
  await pass(110)
  return { simulator, pass, counted }
}

t.test('what is new, changed, or tied is not late', async t => {
  const { simulator, pass, counted } = await settledGateway(t)
  simulator.add(3)
  await pass(11)
  simulator.ties(4)
  simulator.edit(simulator.visible()[3]!.id)
  await pass(110)
  t.same(await counted(), { short: 0, nearLimit: 0 })
})

t.test('what becomes visible after later objects were read is late, once', async t => {
  const { simulator, pass, counted } = await settledGateway(t)
  simulator.add(2, { hiddenForMs: 20_000 })
  simulator.add(1)
  await pass(110)
  t.same(await counted(), { short: 2, nearLimit: 0 })
})

t.test('more than half of `relookSeconds` late is near the limit', async t => {
  const { simulator, pass, counted } = await settledGateway(t)
  simulator.add(1, { hiddenForMs: 80_000 })
  simulator.add(1)
  await pass(220)
  t.same(await counted(), { short: 0, nearLimit: 1 })
})

t.test('a late object that nothing later was read before is simply new', async t => {
  const { simulator, pass, counted } = await settledGateway(t)
  simulator.add(1, { hiddenForMs: 20_000 })
  await pass(110)
  t.same(await counted(), { short: 0, nearLimit: 0 })
})
