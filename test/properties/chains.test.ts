import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { textOf } from '../../src/demo/corpus/timeline.ts'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { startWorld, type World } from '../support/gateway.ts'
import { datesOf, keysOf, read, truth, walk, walkByHeader } from '../support/walks.ts'
import { noon, storeWith } from '../support/worlds.ts'

/**
 * Chains that start anywhere in a feed, in any order, and meet (P-44): a walk from the beginning has every record
 * once. Times gather around whole hours, where chains start, and around whole seconds, where text order bites.
 */

const hourMs = 3_600_000

const micros = fc
  .tuple(
    fc.integer({ min: 2, max: 30 }),
    fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1800, max: 1800 })),
    fc.oneof(
      fc.constant(0),
      fc.nat(9).map(tenth => tenth * 100_000),
      fc.nat(999_999)
    )
  )
  .map(([hours, seconds, rest]) => (noon - hours * hourMs + seconds * 1000) * 1000 + rest)

const start = fc.record({
  hours: fc.integer({ min: 2, max: 31 }),
  seconds: fc.integer({ min: -2, max: 2 }),
  limit: fc.integer({ min: 1, max: 9 }),
  pages: fc.integer({ min: 1, max: 3 })
})

const plan = fc.record({
  times: fc.uniqueArray(micros, { minLength: 1, maxLength: 40 }),
  order: fc.constantFrom('text' as const, 'instant' as const),
  switches: fc.record({
    cursorMode: fc.constantFrom('A' as const, 'B' as const),
    modifiedAfterOrder: fc.constantFrom('instant' as const, 'text' as const)
  }),
  pageLimit: fc.constantFrom(3, 7, 50),
  cacheMaxBytes: fc.constantFrom(1, 16_000_000),
  bodyMaxBytes: fc.constantFrom(1, 16_000_000),
  restarts: fc.boolean(),
  starts: fc.array(start, { maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 12 })
})

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never

t.setTimeout(300_000)

t.test(
  'P-44: wherever chains start and meet, a walk from the beginning has every record once',
  async t => {
    await fc.assert(fc.asyncProperty(plan, play), { seed: 20_260_115, numRuns: 150 })
    t.pass()
  }
)

async function play(given: Plan): Promise<void> {
  const { order, switches, pageLimit, cacheMaxBytes, bodyMaxBytes, limit } = given
  const world = await startWorld({
    simulator: { now: noon, objects: 0, order, switches },
    logs: { pageLimit, cacheMaxBytes, rebuildHorizonSeconds: 300, assumeTies: true },
    store: storeWith({ bodyMaxBytes })
  })
  try {
    for (const time of given.times) world.simulator.add(1, { modified: textOf(time) })
    for (const each of given.starts) {
      await readFrom(world, each)
      if (given.restarts) await world.restart()
    }
    const all = truth(world).toSorted()
    assert.deepEqual(keysOf(await walk(world, { limit })).toSorted(), all, 'by next')
    assert.deepEqual(keysOf(await walkByHeader(world, { limit: 100 })).toSorted(), all, 'by header')
    const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
    assert.deepEqual(dates, dates.toSorted(), 'dates ascend')
  } finally {
    await world.close()
  }
}

async function readFrom(world: World, { hours, seconds, limit, pages }: Start): Promise<void> {
  let page = await read(world, {
    added_after: toTs6(noon - hours * hourMs + seconds * 1000),
    limit
  })
  for (let i = 1; i < pages && page.more; i++) page = await read(world, { next: page.next, limit })
}
