import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { StixObject } from '../../src/stix/object.ts'
import { type Change, Changer, changes, weighted } from '../support/misp-changes.ts'
import { objectsOf, shuffled, shuffles, takeIn } from '../support/misp-intake.ts'
import { keysOf } from '../support/misp-scenes.ts'
import { readServed } from '../support/misp-served.ts'
import { type MispWorld, newDocuments, startMispWorld } from '../support/misp-world.ts'

/** The same state and clock make the same files, and what is read again changes nothing (INV-1 and INV-2). */

type Step =
  | Change
  | { readonly kind: 'publish' }
  | { readonly kind: 'tick'; readonly hours: number }

const histories = fc.array(
  fc.oneof(
    ...changes,
    weighted(4, 'publish'),
    weighted(2, 'tick', { hours: fc.constantFrom(1, 26, 500) })
  ) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 40 }
)

const start = () =>
  startMispWorld({ simulator: { now: Date.UTC(2026, 0, 15, 12) }, settings: { walkMs: 1 } })

/** Plays a history, up to but without the last publication; `watch` sees the feed before each of them. */
async function play(
  world: MispWorld,
  history: readonly Step[],
  watch: () => void = () => {}
): Promise<void> {
  const changer = new Changer(world.simulator)
  for (const step of history) {
    if (step.kind === 'tick') world.simulator.clock.advance(step.hours * 3_600_000)
    else if (step.kind === 'publish') {
      watch()
      await publish(world)
      changer.seen()
    } else changer.make(step)
  }
  watch()
  world.simulator.clock.advance(11_000)
}

async function publish(world: MispWorld): Promise<void> {
  world.simulator.clock.advance(11_000)
  await world.round()
}

/** With all the bytes. */
async function filesOf(world: MispWorld): Promise<unknown> {
  const { files, etags } = await readServed(world)
  return { files, etags }
}

/** Tests with worlds that are closed whatever comes. */
async function inWorlds(
  count: number,
  test: (...worlds: [MispWorld, MispWorld]) => Promise<boolean>
): Promise<boolean> {
  const worlds = await Promise.all(Array.from({ length: count }, start))
  try {
    return await test(...(worlds as [MispWorld, MispWorld]))
  } finally {
    await Promise.all(worlds.map(world => world.close()))
  }
}

const options = (numRuns: number) => ({ seed: 20_260_115, numRuns })

t.setTimeout(300_000)

t.test('two gateways with one history serve the same bytes', async t => {
  const property = fc.asyncProperty(histories, history =>
    inWorlds(2, async (one, two) => {
      for (const world of [one, two]) {
        await play(world, history)
        await world.round()
      }
      return isDeepStrictEqual(await filesOf(one), await filesOf(two))
    })
  )
  await t.resolves(fc.assert(property, options(40)))
})

t.test('events that are all made again from what is stored are the same', async t => {
  const property = fc.asyncProperty(histories, history =>
    inWorlds(1, async world => {
      await play(world, history)
      await world.round()
      const before = await filesOf(world)
      const { documents, space } = world
      const puts = (await keysOf(world, 'bucket')).map(key => ({
        table: 'dirty',
        key,
        value: Buffer.alloc(0)
      }))
      await documents.commit(space, {
        expectedVersion: await documents.version(space),
        puts,
        deletes: []
      })
      world.restart()
      await world.round()
      return isDeepStrictEqual(await filesOf(world), before)
    })
  )
  await t.resolves(fc.assert(property, options(60)))
})

t.test('a feed that is taken in in any order and any pages makes the same files', async t => {
  const property = fc.asyncProperty(histories, shuffles, (history, shuffle) =>
    inWorlds(2, async (one, two) => {
      for (const world of [one, two]) {
        await play(world, history)
        world.restart({ documents: newDocuments() })
      }
      await takeIn(two, shuffled(objectsOf(two), shuffle))
      await one.round()
      await two.round()
      return isDeepStrictEqual(await filesOf(one), await filesOf(two))
    })
  )
  await t.resolves(fc.assert(property, options(60)))
})

t.test(
  'all that a feed ever gave, given again in any order and any pages, changes nothing',
  async t => {
    const property = fc.asyncProperty(histories, shuffles, (history, shuffle) =>
      inWorlds(1, async world => {
        const seen = new Map<string, StixObject>()
        const watch = () => {
          for (const object of objectsOf(world))
            seen.set(`${object.id} ${object['modified']}`, object)
        }
        await play(world, history, watch)
        await world.round()
        const before = await filesOf(world)
        await takeIn(world, shuffled([...seen.values()], shuffle))
        world.restart()
        await world.round()
        return isDeepStrictEqual(await filesOf(world), before)
      })
    )
    await t.resolves(fc.assert(property, options(80)))
  }
)
