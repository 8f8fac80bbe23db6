import type { ScopeId } from '../kernel/caller.ts'
import type { FirstWalk, LogState } from '../kernel/log-state.ts'
import type { Chain } from './journal/chain.ts'
import type { Journal } from './journal/journal.ts'
import type { FeedLogIdentity } from './journal/log-deps.ts'

/** What a log tells of itself. Counts nothing again while the journal stays as it is. */
export function stateOf(
  identity: FeedLogIdentity,
  journal: Journal,
  now: number,
  isBeingRead = false
): LogState {
  const { name, feedId, types, all } = identity
  const { objects, newest } = countsOf(journal)
  return {
    scope: scopeOf(name),
    feedId,
    types,
    all,
    objects,
    newest: newest || undefined,
    confirmedAt: journal.isFilled ? journal.confirmedAt : undefined,
    walk: journal.isFilled && !isBeingRead ? undefined : walkOf(journal, objects, now)
  }
}

/** The scope in the name of a log, see logs.ts `logName`. */
const scopeOf = (name: string): ScopeId => name.split(':', 2)[1] as ScopeId

interface Counts {
  readonly revision: number
  readonly objects: number
  /** 0 without objects. */
  readonly newest: number
}

const counted = new WeakMap<Journal, Counts>()

function countsOf(journal: Journal): Counts {
  const { revision, chains, versions } = journal
  const known = counted.get(journal)
  if (known?.revision === revision) return known
  let objects = 0
  let newest = 0
  for (const { heads, lastDate } of chains) {
    for (const { no, count } of heads) objects += count - versions.superseded(no).size
    newest = Math.max(newest, lastDate)
  }
  const counts = { revision, objects, newest }
  counted.set(journal, counts)
  return counts
}

function walkOf(journal: Journal, held: number, now: number): FirstWalk | undefined {
  const chain = journal.chains.at(-1)
  if (!chain) return undefined
  const putBy = chain.pass?.objects ?? 0
  const objects = Math.max(held, putBy)
  const fraction = chain.pass ? fractionOfPass(chain, held) : fractionOf(journal, now)
  return { startedAt: journal.createdAt, objects, fraction }
}

/** A feed that comes newest first is read down before it is known how far it goes. */
function fractionOfPass({ pass }: Chain, held: number): number | undefined {
  return pass?.isTurned && pass.objects > 0 ? Math.min(1, held / pass.objects) : undefined
}

/** Of the time from the first object on, what is not left between the chains and up to now. */
function fractionOf({ chains, isFilled }: Journal, now: number): number | undefined {
  const at = chains.findIndex(({ heads }) => heads.length > 0)
  const first = chains[at]
  const from = first && Math.max(first.start, first.heads[0]!.minNatural)
  if (from === undefined || from >= now) return undefined
  const left = chains.slice(at).reduce((sum, { isLinked, progress }, i) => {
    const next = chains[at + i + 1]
    const isDone = isLinked || (!next && isFilled)
    return isDone ? sum : sum + Math.max(0, (next?.start ?? now) - progress)
  }, 0)
  return Math.min(1, Math.max(0, 1 - left / (now - from)))
}
