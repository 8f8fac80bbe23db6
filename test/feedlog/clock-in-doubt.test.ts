import t from 'tap'
import { createProvenClock } from '../../src/kernel/proven-clock.ts'
import { startWorld } from '../support/gateway.ts'

/** What lies in the future of a clock that was put right, and of what nothing else asks Sekoia (K1). */

const noon = Date.UTC(2026, 0, 15, 12)
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

t.test(
  'Sekoia is asked for the time while clients are told the end for records dated in the future: nobody waits for them',
  async t => {
    const world = await startWorld({
      simulator: {
        ...{ now: noon, objects: 3, from: noon - hour, to: noon - minute },
        switches: { date: 'none' }
      },
      logs: { rightsSeconds: day / 1000, feedSeconds: day / 1000 },
      clockOf: (_, { now, sleep }) => ({
        ...createProvenClock({ wall: () => now() + hour, monotonic: now }),
        sleep
      })
    })
    t.teardown(() => world.close())
    const { simulator, get } = world
    t.equal((await get('objects/')).body.objects.length, 3)

    simulator.switches.date = 'clock'
    for (let polls = 0; polls < 2; polls++) {
      simulator.clock.advance(11_000)
      await get('objects/')
    }
    simulator.add(1)
    simulator.clock.advance(11_000)
    const { headers, body } = await get('objects/')
    t.equal(body.objects.length, 4)
    t.ok(Date.parse(String(headers['x-taxii-date-added-last'])) < noon + hour)
  }
)
