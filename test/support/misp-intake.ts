import fc from 'fast-check'
import { silentMeter } from '../../src/kernel/ports.ts'
import { Intake } from '../../src/misp/build/intake.ts'
import { ReferenceNames } from '../../src/misp/build/reference-names.ts'
import { Batch, FeedTables } from '../../src/misp/build/tables.ts'
import { layoutOf } from '../../src/misp/events/bucket.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { builderSettings, type MispWorld, usualMapping } from './misp-world.ts'

/** Objects brought into the buckets of a world by hand, in any order and in any pages. */
export async function takeIn(
  { documents: store, space, upstream, caller, clock }: MispWorld,
  pages: readonly (readonly StixObject[])[]
): Promise<void> {
  const documents = new FeedTables(store, space)
  await documents.refresh()
  const names = new ReferenceNames({ documents, upstream })
  const layout = layoutOf(builderSettings.shardBits)
  const spill = async (changes: Batch) => {
    await documents.commit(changes)
    changes.clear()
  }
  const parts = { documents, names, caller, layout, mapping: usualMapping, spill }
  for (const page of pages) {
    const changes = new Batch()
    const intake = new Intake({
      ...parts,
      meter: silentMeter,
      since: '',
      reading: { now: clock.now(), publication: 0 }
    })
    await intake.take(page, changes)
    await intake.flush(changes)
    await documents.commit(changes)
  }
}

/** All objects of the feed as its pages hold them now, oldest first. */
export const objectsOf = ({ simulator }: MispWorld): StixObject[] =>
  simulator.visible().map(({ id }) => simulator.get(id) as StixObject)

/** Any order of up to so many things, cut anywhere: numbers to pick by, and where pages end. */
export interface Shuffle {
  readonly picks: readonly number[]
  readonly cuts: readonly boolean[]
}

export const shuffles: fc.Arbitrary<Shuffle> = fc.record({
  picks: fc.infiniteStream(fc.nat(1000)).map(stream => [...stream.take(200)]),
  cuts: fc.infiniteStream(fc.boolean()).map(stream => [...stream.take(200)])
})

export function shuffled<T>(things: readonly T[], { picks, cuts }: Shuffle): T[][] {
  const left = [...things]
  const pages: T[][] = [[]]
  for (let n = 0; left.length > 0; n++) {
    const [thing] = left.splice(picks[n % picks.length]! % left.length, 1)
    pages.at(-1)!.push(thing!)
    if (cuts[n % cuts.length]) pages.push([])
  }
  return pages
}
