import fc from 'fast-check'
import { silentMeter } from '../../src/kernel/ports.ts'
import { layoutOf } from '../../src/misp/bucket.ts'
import { Changes, FeedDocuments } from '../../src/misp/feed-documents.ts'
import { Intake } from '../../src/misp/intake.ts'
import type { StixObject } from '../../src/misp/model.ts'
import { NameBook } from '../../src/misp/names.ts'
import { builderSettings, type MispWorld } from './misp-world.ts'

/** Objects brought into the buckets of a world by hand, in any order and in any pages. */
export async function takeIn(
  { documents: store, space, upstream, caller, clock }: MispWorld,
  pages: readonly (readonly StixObject[])[]
): Promise<void> {
  const documents = new FeedDocuments(store, space)
  await documents.refresh()
  const names = new NameBook({ documents, upstream, galaxies: undefined })
  const { defaultTlp, expiredMs, shardBits } = builderSettings
  const layout = layoutOf(shardBits)
  const spill = async (changes: Changes) => {
    await documents.commit(changes)
    changes.clear()
  }
  const parts = { documents, names, caller, layout, defaultTlp, expiredMs, spill }
  for (const page of pages) {
    const changes = new Changes()
    const intake = new Intake({ ...parts, meter: silentMeter, since: '', now: clock.now() })
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
