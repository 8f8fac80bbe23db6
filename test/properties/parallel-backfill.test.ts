import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { textOf } from '../../src/demo/corpus/timeline.ts'
import { startWorld } from '../support/gateway.ts'
import { datesOf, keysOf, walk } from '../support/walks.ts'
import { noon } from '../support/worlds.ts'

/** What a client reads is the same, in the same order and under the same dates, however many chains read the feed. */

const dayMs = 86_400_000

/** Bursts of objects anywhere in some months, microseconds or seconds apart, some around whole minutes. */
const burst = fc.record({
  day: fc.integer({ min: 2, max: 120 }),
  seconds: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.nat(86_000)),
  step: fc.constantFrom(0.000_023, 0.4, 1, 3600),
  count: fc.integer({ min: 1, max: 12 })
})

const plan = fc.record({
  bursts: fc.array(burst, { minLength: 4, maxLength: 14 }),
  order: fc.constantFrom('text' as const, 'instant' as const),
  switches: fc.record({
    cursorMode: fc.constantFrom('A' as const, 'B' as const),
    modifiedAfterOrder: fc.constantFrom('instant' as const, 'text' as const)
  }),
  pageLimit: fc.constantFrom(4, 7, 15),
  limit: fc.integer({ min: 1, max: 30 })
})

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

function timesOf({ bursts }: Plan): number[] {
  const times = bursts.flatMap(({ day, seconds, step, count }) =>
    Array.from({ length: count }, (_, i) =>
      Math.round((noon - day * dayMs + (seconds + i * step) * 1000) * 1000)
    )
  )
  return [...new Set(times)]
}

async function readBy(chains: number, given: Plan) {
  const { order, switches, pageLimit, limit } = given
  const world = await startWorld({
    simulator: { now: noon, objects: 0, order, switches },
    logs: {
      pageLimit,
      assumeTies: true,
      backfillParallel: chains,
      backfillShare: 100,
      backfillMinPages: 0.5
    }
  })
  try {
    for (const time of timesOf(given)) world.simulator.add(1, { modified: textOf(time) })
    const keys = keysOf(await walk(world, { limit }))
    const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
    const starts = world.simulator.calls.filter(
      ({ query }) => query['modified_after'] !== undefined && query['limit'] !== '1'
    )
    return { keys, dates, isCut: starts.length > 0 }
  } finally {
    await world.close()
  }
}

t.setTimeout(300_000)

t.test(
  'P-44: a client reads the same objects in the same order and under the same dates, by one chain or by four',
  async t => {
    let cuts = 0
    const check = async (given: Plan) => {
      const one = await readBy(1, given)
      const four = await readBy(4, given)
      cuts += four.isCut ? 1 : 0
      assert.deepEqual(four.keys, one.keys)
      assert.deepEqual(four.dates, one.dates)
    }
    await fc.assert(fc.asyncProperty(plan, check), { seed: 20_260_115, numRuns: 60 })
    t.ok(cuts > 20, `${cuts} feeds were read by several chains`)
  }
)
