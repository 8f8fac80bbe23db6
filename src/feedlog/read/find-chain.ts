import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Where a walk for this time starts: rounded down, coarser the older, so that neighbours share it. */
export function startBucket(target: number, now: number): number {
  const age = now - target
  const grain = age < 14 * dayMs ? hourMs : age < 400 * dayMs ? dayMs : 30 * dayMs
  return Math.max(0, Math.floor(target / grain) * grain)
}

/**
 * The chain from which everything after `target` can be read in order: the latest that starts no later, if it
 * has already read or dated past the target, or read past where a new chain for it would start; else none. It may have
 * dated further than it has read where two gateways had different times.
 */
export function findChain(journal: Journal, target: number, now: number): Chain | undefined {
  const chain = journal.chains.findLast(candidate => candidate.start <= target)
  if (!chain) return undefined
  const isFilled = journal.isLast(chain) && journal.isFilled
  const lastDate = chain.heads.at(-1)?.lastDate ?? Number.NEGATIVE_INFINITY
  const isPast = chain.isLinked || isFilled || Math.max(chain.progress, lastDate) >= target
  // A chain that began where this one has read already would hold the same objects again.
  const isNear = startBucket(target, now) <= chain.progress
  return isPast || isNear ? chain : undefined
}
