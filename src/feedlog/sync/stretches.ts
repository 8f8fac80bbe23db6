import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import { soundSeekMs } from './backfill.ts'

/** Where the history of a feed is cut, so that several chains read it at once. Pure. */

export interface Stretch {
  /** The chain that reads it. */
  readonly chain: Chain
  /** Times that it lies between, ms since the epoch. */
  readonly low: number
  readonly high: number
  /** About how many pages it has. */
  readonly pages: number
}

export interface Cut {
  readonly stretch: Stretch
  /** Where the new chain starts. */
  readonly start: number
  /** True: it is sought so much earlier that its first page lacks nothing, see Backfill.seekSoundly. */
  readonly isSound: boolean
}

export interface CutTerms {
  readonly journal: Journal
  /** The chain in which a client reads: nothing before it is read for that one. */
  readonly front: Chain
  /** No chain starts later, ms since the epoch. */
  readonly latest: number
  readonly now: number
  /** Objects per page. */
  readonly pageLimit: number
  /** What reading at once may add to the calls of one walk, as a part of them. */
  readonly share: number
  /** Smaller stretches are not worth a cut; twice as many where a page is on its way, which may come further. */
  readonly minPages: number
  /** True while the chain is being read: it may come further than is known. */
  isBusy(chain: Chain): boolean
}

/** So many pages are believed in at the first page, and so many more for each one that was read. */
const believedPages = { atFirst: 10, perPage: 10 }
/** Calls that a cut costs: half of the page before it, as a mean and its deviation. */
const cutCost = 0.5
const costDeviation = 0.29
/** The first page of a chain that is not sought soundly is read once more. */
const plainCost = 1
/** What is sought before the start may have this part of a page. */
const maxSought = 0.5
const year2000 = Date.UTC(2000)
/** Starts lie on whole minutes. */
const grainMs = 60_000

/** The stretches that are left from a chain on; not those that another has reached. */
export function stretchesFrom({ journal, front, now, pageLimit }: CutTerms): Stretch[] {
  const chains = journal.chains.slice(journal.chains.indexOf(front))
  return chains.flatMap((chain, i) => {
    const next = chains[i + 1]
    if (chain.isLinked || chain.heads.length === 0 || (!next && journal.isFilled)) return []
    // What only shows times of old, or none, says nothing of how dense the feed is.
    if (chain.readUpTo < year2000) return []
    const low = Math.max(chain.readUpTo, chain.progress, chain.lastDate)
    const high = next?.start ?? now
    const density = Math.min(densityOf(chain), next ? densityOf(next) : Number.POSITIVE_INFINITY)
    return [{ chain, low, high, pages: (density * Math.max(0, high - low)) / pageLimit }]
  })
}

/**
 * Where to begin one chain more: in the middle of a stretch, but well ahead of a page that is on its way; of the longest
 * ones the first, since clients come there first. Undefined where it is not worth it.
 */
export function nextCut(terms: CutTerms): Cut | undefined {
  const { latest, minPages, isBusy } = terms
  const stretches = stretchesFrom(terms)
  const longest = Math.max(...stretches.map(({ pages }) => pages))
  const stretch = stretches.find(
    ({ pages, chain }) => pages >= Math.max(longest / 2, isBusy(chain) ? 2 * minPages : minPages)
  )
  if (!stretch) return undefined
  const { low, high, pages } = stretch
  const middle = Math.min((low + high) / 2, latest)
  const start = Math.floor(middle / grainMs) * grainMs
  if (start - low < (high - low) / 4) return undefined
  const sought = (pages * soundSeekMs) / (high - low)
  const isSound = sought <= maxSought
  return isAffordable(terms, stretches, cutCost + (isSound ? sought : plainCost))
    ? { stretch, start, isSound }
    : undefined
}

/** True when all cuts together, one of this cost included, will hardly take more calls than they may. */
function isAffordable(
  { journal, front, pageLimit, share }: CutTerms,
  stretches: readonly Stretch[],
  cost: number
): boolean {
  const [first, ...begun] = journal.chains.slice(journal.chains.indexOf(front))
  const costs = begun.reduce((sum, chain) => sum + costOf(chain, pageLimit), cost)
  const chance = 2 * costDeviation * Math.sqrt(begun.length + 1)
  const read = [first!, ...begun].reduce((sum, { heads }) => sum + objectsIn(heads), 0) / pageLimit
  const left = stretches.reduce((sum, { pages }) => sum + pages, 0)
  const believed = Math.min(left, believedPages.atFirst + believedPages.perPage * read)
  return costs + chance <= share * (read + believed)
}

/** Calls that it took, or will take, to begin this chain. */
function costOf(chain: Chain, pageLimit: number): number {
  const isSound = chain.heads.length > 0 && chain.cursorsFrom === chain.start
  const sought = (densityOf(chain) * soundSeekMs) / pageLimit
  return cutCost + (isSound ? Math.min(maxSought, sought) : plainCost)
}

const objectsIn = (heads: readonly SegmentHead[]): number =>
  heads.reduce((sum, { count }) => sum + count, 0)

/** Segments at the end of a chain that tell how dense the feed is there. */
const sampled = 8

/** Objects for each ms: at the end of a chain, or in all of it where it is less dense; none where nothing was found yet. */
function densityOf({ heads, start, progress }: Chain): number {
  const [first, last] = [heads[0], heads.at(-1)]
  if (!first || !last) return 0
  const reached = endOf(last)
  const after = (from: SegmentHead) =>
    objectsIn(heads.slice(heads.indexOf(from) + 1)) / Math.max(1, reached - endOf(from))
  const whole =
    start > 0 || heads.length === 1
      ? objectsIn(heads) / Math.max(1, progress - (start || first.minNatural))
      : after(first)
  return heads.length === 1 ? whole : Math.min(whole, after(heads.at(-sampled) ?? first))
}

const endOf = ({ readUpTo, maxNatural }: SegmentHead): number => readUpTo ?? maxNatural
