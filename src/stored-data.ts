import { hash } from 'node:crypto'
import { removeLog } from './feedlog/idle-logs.ts'
import { decodeState } from './feedlog/journal/journal-state.ts'
import { logName } from './feedlog/logs.ts'
import type { Caller } from './kernel/caller.ts'
import { spaceOf } from './misp/build/tables.ts'
import type { Stores } from './stores/stores.ts'

/** What the stores hold of whom, by the names of what is in them. */

/** A feed log, or a feed as it is built for MISP, of one key. */
export interface StoredPart {
  readonly kind: 'log' | 'misp'
  /** In its store. */
  readonly name: string
  readonly scope: string
  /** Undefined for a log that an earlier version wrote last, and for what was read through it. */
  readonly feedId: string | undefined
  /** When its log was last read at Sekoia, ms since the epoch; 0 when that is not known. */
  readonly usedAt: number
}

export interface StoredData {
  readonly parts: readonly StoredPart[]
  /** Names of everything else that belongs to a key, by its scope: rights, lists of feeds. */
  readonly others: ReadonlyMap<string, readonly OtherName[]>
}

interface OtherName {
  readonly in: 'log' | 'documents'
  readonly name: string
}

/** What is to be removed: whatever meets every condition given. */
export interface Selection {
  readonly scope?: string | undefined
  readonly feedId?: string | undefined
  /** Last used before this instant, ms since the epoch. */
  readonly before?: number | undefined
}

export interface Selected {
  readonly parts: readonly StoredPart[]
  /** Scopes of which nothing is left then. */
  readonly scopes: readonly string[]
}

const logShape = /^v1:([0-9a-f]{32}):[0-9a-f]{32}$/
const mispShape = /^misp1:([0-9a-f]{32}):/
const otherShape = /^(?:v1|catalog):([0-9a-f]{32})(?::|$)/

/** Looks through the stores. Rejects when one is in trouble. */
export async function listStored(stores: Stores): Promise<StoredData> {
  const parts = new Map<string, StoredPart>()
  const others = new Map<string, Map<string, OtherName>>()
  const noteOther = (scope: string, other: OtherName) =>
    others.set(scope, (others.get(scope) ?? new Map()).set(other.name, other))
  const spaces: { name: string; scope: string }[] = []
  for await (const names of stores.log.names())
    for (const name of names) {
      const scope = logShape.exec(name)?.[1]
      const other = otherShape.exec(name)?.[1]
      if (scope) parts.set(name, await toLogPart(stores, name, scope))
      else if (other) noteOther(other, { in: 'log', name })
    }
  for await (const names of stores.documents.names())
    for (const name of names) {
      const scope = mispShape.exec(name)?.[1]
      const other = otherShape.exec(name)?.[1]
      if (scope) spaces.push({ name, scope })
      else if (other) noteOther(other, { in: 'documents', name })
    }
  const logs = [...parts.values()]
  for (const space of spaces) parts.set(space.name, toMispPart(space, logs))
  return {
    parts: [...parts.values()],
    others: new Map([...others].map(([scope, found]) => [scope, [...found.values()]]))
  }
}

async function toLogPart({ log }: Stores, name: string, scope: string): Promise<StoredPart> {
  const stored = await log.load(name, Number.MAX_SAFE_INTEGER)
  const { feedId, usedAt } = readState(stored?.state)
  return { kind: 'log', name, scope, feedId, usedAt }
}

/** A journal that cannot be read is of no known feed and time. */
function readState(state: Buffer | undefined): Pick<StoredPart, 'feedId' | 'usedAt'> {
  try {
    const { feedId, createdAt, confirmedAt, lastReadAt } = decodeState({ state: state! })
    return { feedId, usedAt: Math.max(createdAt, confirmedAt, lastReadAt) }
  } catch {
    return { feedId: undefined, usedAt: 0 }
  }
}

/** A MISP feed is read through a log of the same feed; a log of no known feed may be that one. */
function toMispPart(
  { name, scope }: { readonly name: string; readonly scope: string },
  logs: readonly StoredPart[]
): StoredPart {
  const own = logs.filter(
    log =>
      log.scope === scope &&
      (log.feedId === undefined || spaceOf(callerOf(scope), log.feedId) === name)
  )
  const usedAt = Math.max(0, ...own.map(log => log.usedAt))
  const feedId = own.find(log => log.feedId !== undefined)?.feedId
  return { kind: 'misp', name, scope, feedId, usedAt }
}

/** Names are made of the scope alone. */
const callerOf = (scope: string) => ({ scope }) as Caller

export function select({ parts, others }: StoredData, selection: Selection): Selected {
  const { scope, feedId, before } = selection
  const isOfFeed = (part: StoredPart) => feedId === undefined || isOf(part, feedId)
  const selected = parts.filter(
    part =>
      (scope === undefined || part.scope === scope) &&
      isOfFeed(part) &&
      (before === undefined || part.usedAt < before)
  )
  if (feedId !== undefined) return { parts: selected, scopes: [] }
  const kept = new Set(parts.filter(part => !selected.includes(part)).map(part => part.scope))
  const named = before === undefined ? [...others.keys()] : selected.map(part => part.scope)
  const scopes = [...new Set([...named, ...selected.map(part => part.scope)])].filter(
    found => (scope === undefined || found === scope) && !kept.has(found)
  )
  return { parts: selected, scopes }
}

/** Logs without a word of their feed are known by their names, unless they are of some types alone. */
function isOf({ kind, name, scope, feedId }: StoredPart, wanted: string): boolean {
  const caller = callerOf(scope)
  if (kind === 'misp') return name === spaceOf(caller, wanted)
  if (feedId !== undefined) return feedId === wanted
  return [false, true].some(all => name === logName(caller, { feedId: wanted, types: [], all }))
}

/**
 * Removes what was selected; of a feed also what Sekoia last said about the right to it. What is removed is read again
 * when somebody asks for it, as after the loss of a store. Rejects when a store is in trouble.
 */
export async function removeStored(
  stores: Stores,
  { parts, scopes }: Selected,
  { others }: StoredData,
  { feedId }: Selection
): Promise<void> {
  const isWhole = new Set(scopes)
  for (const { kind, name, scope } of parts) {
    if (kind === 'misp') await stores.documents.drop(name)
    else await removeLog(stores.log, name)
    if (feedId !== undefined && !isWhole.has(scope))
      await stores.log.drop(`v1:${scope}:access:${hash('sha256', feedId).slice(0, 32)}`)
  }
  for (const scope of scopes) {
    const list = { in: 'log', name: `v1:${scope}:removed` } as const
    for (const { in: where, name } of [...(others.get(scope) ?? []), list])
      await stores[where].drop(name)
    await stores.answers.forgetAll(scope)
  }
}
