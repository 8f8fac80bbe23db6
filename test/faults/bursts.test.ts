import t, { type Test } from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { type HttpWorld, serveWorld } from '../support/http-world.ts'
import { RunGiver } from '../support/model-clients.ts'
import { padded } from '../support/walks.ts'

/**
 * Bursts of trouble at any moment of a first sync, and a client that gives up the whole run at the first failing
 * answer and moves its window on (CLIENT-7, R1 and R2): it must get everything in its one run. Time runs
 * two and a half times as fast as shipped: bursts of 15 s within a budget of 20 s.
 */

t.setTimeout(300_000)

const burstMs = 6000
const env = {
  FEED_LOG_PAGE_LIMIT: '10',
  FEED_LOG_READ_BUDGET_MS: '8000',
  FEED_LOG_TIP_WAIT_MS: '2000',
  UPSTREAM_PATIENCE_MS: '8000',
  UPSTREAM_SECOND_TRY_MS: '1200',
  UPSTREAM_BACKOFF_MS: '200',
  UPSTREAM_BREAKER_RESET_MS: '4000'
}

/** Undefined: connections are refused. */
const troubles: Readonly<Record<string, Fault | undefined>> = {
  'answers 503': { kind: 'status', status: 503 },
  'answers 500': { kind: 'status', status: 500 },
  'answers 429': { kind: 'status', status: 429 },
  resets: { kind: 'reset', afterBytes: 0 },
  'resets in the middle of answers': { kind: 'reset' },
  'stalls before answers': { kind: 'slow', delayMs: 60_000 },
  'stalls in the middle of answers': { kind: 'stall' },
  'web pages': { kind: 'html' },
  'refused connections': undefined
}

/** The nth call to Sekoia at which the burst begins: the list of feeds, its description, the pages. */
const moments = [1, 2, 3, 5, 9]

/** From the nth call on, for as long as a burst lasts; whoever asks first afterwards is answered. */
function strikeAt(simulator: HttpWorld['simulator'], nth: number, fault: Fault | undefined): void {
  let calls = 0
  let until: number | undefined
  simulator.faults.take = () => {
    calls++
    if (calls === nth) {
      until = Date.now() + burstMs
      if (!fault) simulator.refuse(burstMs)
    }
    return until !== undefined && Date.now() < until ? fault : undefined
  }
}

async function firstSync(t: Test, nth: number, fault: Fault | undefined): Promise<void> {
  const world = await serveWorld(t, { env, clock: systemClock, simulator: { bloat: false } })
  const { simulator } = world
  strikeAt(simulator, nth, fault)
  const client = new RunGiver({ world, limit: 7, inspect: () => {} }, () =>
    world.getRoot('collections/')
  )
  for (let steps = 0; steps < 50 && !client.isIdle; steps++) await client.step()
  const lost = simulator
    .visible()
    .map(({ id, modified }) => `${id}|${padded(modified)}`)
    .filter(key => !client.received.has(key))
  t.same([client.givenUp, lost.length], [0, 0])
}

for (const [name, fault] of Object.entries(troubles)) {
  t.test(`${name} for 15 s at any moment of a first sync: nothing is lost`, async t => {
    t.jobs = moments.length
    for (const nth of moments)
      t.test(`from call ${nth} on`, { buffered: true }, t => firstSync(t, nth, fault))
  })
}

t.test('a run that is given up loses what it lacked: the model would notice', async t => {
  const world = await serveWorld(t, {
    env: { ...env, UPSTREAM_PATIENCE_MS: '0' },
    clock: systemClock
  })
  world.simulator.faults.rate({ kind: 'status', status: 503, match: '/collections/' })
  const client = new RunGiver({ world, limit: 7, inspect: () => {} }, () =>
    world.getRoot('collections/')
  )
  await client.step()
  await client.step()
  world.simulator.faults.clear()
  await client.step()
  await client.step()
  t.equal(client.givenUp, 1)
  t.equal(client.received.size, 0)
})
