import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
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
  /** True while the chain is being read: it may come further than is known. */
  isBusy(chain: Chain): boolean
}

/** Smaller stretches are not worth a cut. */
const minPages = 4
/** The same where a page is on its way, which may come further than is known. */
const minBusyPages = 8
/** So many pages are believed in at the first page, and so many more for each one that was read. */
const believedPages = { atFirst: 40, perPage: 10 }
/** Calls that a cut costs: half of the page before it, and what is sought before the start. */
const soundCost = 0.7
/** The first page of the chain is read once more. */
const plainCost = 1.7
/** What is sought before the start may have this part of a page. */
const maxSought = 0.15
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
 * Where to begin one chain more: in the middle of the longest stretch, but well ahead of a page that is on its way.
 * Undefined where it is not worth it.
 */
export function nextCut(terms: CutTerms): Cut | undefined {
  const { journal, front, latest, pageLimit, share, isBusy } = terms
  const stretches = stretchesFrom(terms)
  const longest = Math.max(minPages, ...stretches.map(each => each.pages))
  const stretch = stretches
    .filter(each => each.pages >= longest / 2)
    .filter(each => each.pages >= minBusyPages || !isBusy(each.chain))
    .reduce<Stretch | undefined>((a, b) => (a && a.pages >= b.pages ? a : b), undefined)
  if (!stretch || stretch.pages < minPages) return undefined
  const { low, high, pages } = stretch
  const middle = Math.min((low + high) / 2, latest)
  const start = Math.floor(middle / grainMs) * grainMs
  if (start - low < (high - low) / 4) return undefined
  const isSound = (pages * soundSeekMs) / (high - low) <= maxSought
  const cost = isSound ? soundCost : plainCost
  const chains = journal.chains.slice(journal.chains.indexOf(front))
  const read = chains.reduce((sum, { heads }) => sum + objectsIn(heads), 0) / pageLimit
  const left = stretches.reduce((sum, each) => sum + each.pages, 0)
  const believed = Math.min(left, believedPages.atFirst + believedPages.perPage * read)
  const isAffordable = chains.length * cost <= share * (read + believed)
  return isAffordable ? { stretch, start, isSound } : undefined
}

const objectsIn = (heads: Chain['heads']): number =>
  heads.reduce((sum, { count }) => sum + count, 0)

/** Segments at the end of a chain that tell how dense the feed is there. */
const sampled = 8

/** Objects for each ms at the end of a chain; none where nothing was found yet. */
function densityOf({ heads }: Chain): number {
  const last = heads.at(-1)
  if (!last) return 0
  const [first, ...later] = heads.slice(-sampled)
  const reached = last.readUpTo ?? last.maxNatural
  const from = first!.readUpTo ?? first!.maxNatural
  // Of a single segment the later half: single wrong times are far more often too early.
  if (later.length === 0) return first!.count / 2 / Math.max(1, first!.maxNatural - from)
  return objectsIn(later) / Math.max(1, reached - from)
}
