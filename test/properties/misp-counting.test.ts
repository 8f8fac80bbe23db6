import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { Meter } from '../../src/kernel/ports.ts'
import type { FeedState } from '../../src/misp/build/state.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import { type Change, Changer, changes } from '../support/misp-changes.ts'
import { objectsOf } from '../support/misp-intake.ts'
import { addIndicator, inDays } from '../support/misp-scenes.ts'
import { type MispWorld, startMispWorld } from '../support/misp-world.ts'

/**
 * Every indicator that a first build reads is accounted for (INV-11): it is shown, under its own name or merged
 * with others, or it is skipped for a reason that is counted.
 */

const windowDays = 30

/** Beside random ones: without a value, and out of the window. */
interface Feed {
  readonly changes: readonly Change[]
  readonly mute: number
  readonly old: number
  readonly hours: number
}

const feeds: fc.Arbitrary<Feed> = fc.record({
  changes: fc.array(fc.oneof(...changes) as fc.Arbitrary<Change>, { maxLength: 60 }),
  mute: fc.nat(2),
  old: fc.nat(2),
  hours: fc.constantFrom(0, 26, 300)
})

const countingMeter = () => {
  const skipped = new Map<string, number>()
  const meter: Meter = {
    count(name, labels, by = 1) {
      const reason = labels?.['reason'] ?? ''
      if (name === 'misp_skipped') skipped.set(reason, (skipped.get(reason) ?? 0) + by)
    }
  }
  return { meter, skipped }
}

/** An end that does not come after the beginning is none (MP-14). */
function endOf(object: { readonly [member: string]: unknown }): number {
  const [from, until] = ['valid_from', 'valid_until'].map(name => Date.parse(String(object[name])))
  return until! <= from! ? Number.POSITIVE_INFINITY : until!
}

/** What becomes of each indicator, said in another way. */
function expected(world: MispWorld) {
  const now = world.clock.now()
  const since = new Date(now - windowDays * 86_400_000).toISOString().slice(0, 10)
  const fates = { shown: 0, merged: 0, expired: 0, revoked: 0, outside: 0, mute: 0 }
  const taken = new Set<string>()
  const indicators = objectsOf(world).filter(({ type }) => type === 'indicator')
  for (const object of indicators.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { attributes, objects } = mapIndicator(object)
    const day = String(object['created']).slice(0, 10)
    const event = `${day} ${object['object_marking_refs']}`
    const own = attributes.map(({ type, value }) => `${event} ${type} ${value}`)
    if (day < since) fates.outside++
    else if (object['revoked'] === true) fates.revoked++
    else if (endOf(object) <= now) fates.expired++
    else if (own.length + objects.length === 0) fates.mute++
    else {
      fates.shown++
      if (objects.length === 0 && own.every(key => taken.has(key))) fates.merged++
    }
    const isShown = day >= since && object['revoked'] !== true
    if (isShown && endOf(object) > now) for (const key of own) taken.add(key)
  }
  return { received: indicators.length, ...fates }
}

async function holds({ changes, mute, old, hours }: Feed): Promise<boolean> {
  const { meter, skipped } = countingMeter()
  const world = await startMispWorld({
    simulator: { now: Date.UTC(2026, 0, 15, 12) },
    settings: { windowDays },
    meter
  })
  try {
    const changer = new Changer(world.simulator)
    for (let n = 0; n < mute; n++) addIndicator(world, 'mute', { pattern: undefined })
    for (let n = 0; n < old; n++) addIndicator(world, 'old', { created: inDays(world, -40) })
    for (const change of changes) changer.make(change)
    world.simulator.clock.advance(hours * 3_600_000)
    await world.round()
    const [stored] = await world.documents.get(world.space, 'state', ['state'])
    const { totals } = JSON.parse(`${stored}`) as FeedState
    const { received, shown, merged, ...fates } = expected(world)
    const reasons = ['expired', 'revoked', 'outside-window', 'no-pattern']
    const counted = reasons.map(reason => skipped.get(reason) ?? 0)
    return (
      isDeepStrictEqual([totals.indicators, totals.merged], [shown, merged]) &&
      isDeepStrictEqual(counted, [fates.expired, fates.revoked, fates.outside, fates.mute]) &&
      totals.indicators + counted.reduce((sum, count) => sum + count, 0) === received
    )
  } finally {
    await world.close()
  }
}

t.setTimeout(120_000)

t.test('shown and skipped are what was read, and merged what has no name of its own', async t => {
  const property = fc.asyncProperty(feeds, holds)
  await t.resolves(fc.assert(property, { seed: 20_260_115, numRuns: 150 }))
})
