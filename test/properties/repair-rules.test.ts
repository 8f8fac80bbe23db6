import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { startWorld, type World } from '../support/gateway.ts'
import { datesOf, queryText, walk } from '../support/walks.ts'
import { noon, storeWith } from '../support/worlds.ts'

/**
 * STIX_REPAIR may be changed at any time: a store that was filled under other rules gives what one that begins anew
 * gives, under the dates it gave before (G16).
 */

const damage = fc.constantFrom(
  { valid_until: null },
  { labels: [] },
  { valid_from: '2026-01-15T11:00:00+02:00' },
  { spec_version: null },
  {}
)

const stage = fc.record({
  repair: fc.boolean(),
  added: fc.array(damage, { maxLength: 6 }),
  edited: fc.array(fc.tuple(fc.nat(), damage), { maxLength: 3 }),
  pages: fc.integer({ min: 0, max: 20 })
})

const plan = fc.record({
  pageLimit: fc.constantFrom(7, 50),
  cacheMaxBytes: fc.constantFrom(1, 16_000_000),
  bodyMaxBytes: fc.constantFrom(1, 16_000_000),
  stages: fc.array(stage, { minLength: 2, maxLength: 5 }),
  limit: fc.integer({ min: 2, max: 30 })
})

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

t.setTimeout(300_000)

t.test('STIX_REPAIR changed again and again on one store equals a store begun anew', async t => {
  await fc.assert(fc.asyncProperty(plan, play), { seed: 20_260_115, numRuns: 20 })
  t.pass()
})

async function play({ stages, limit, bodyMaxBytes, ...logs }: Plan): Promise<void> {
  const store = storeWith({ bodyMaxBytes })
  const world = await startWorld({ simulator: { now: noon, objects: 12 }, logs, store })
  const { simulator } = world
  try {
    for (const { repair, added, edited, pages } of stages) {
      simulator.clock.advance(400_000)
      await world.restart(store, { client: { repair } })
      for (const members of added) simulator.add(members)
      const visible = simulator.visible()
      for (const [which, members] of edited)
        simulator.edit(visible[which % visible.length]!.id, members)
      await objectsOf(world, limit, pages)
    }
    // What was edited unseen is given in both versions once, until the walk has come to the newer one.
    await walk(world, { limit })
    const { repair } = stages.at(-1)!
    const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
    await world.restart(store, { client: { repair: !repair } })
    assert.deepEqual(datesOf(await walk(world, { limit }, { endpoint: 'manifest' })), dates)
    assert.equal((await objectsOf(world, limit)).length, dates.length)
    await world.restart(store, { client: { repair } })
    const kept = await objectsOf(world, limit)
    await world.restart(storeWith())
    assert.deepEqual(kept.toSorted(), (await objectsOf(world, limit)).toSorted())
  } finally {
    await world.close()
  }
}

/** The JSON of every object, or of the first pages. */
async function objectsOf(world: World, limit: number, pages = Number.POSITIVE_INFINITY) {
  const found: string[] = []
  let next: string | undefined
  for (let page = 0; page < pages; page++) {
    const { body } = await world.get(`objects/?${queryText({ limit, next })}`)
    found.push(...body.objects.map((object: unknown) => JSON.stringify(object)))
    if (!body.more) break
    next = body.next
  }
  return found
}
