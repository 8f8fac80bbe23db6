import { LRUCache } from 'lru-cache'
import type { Clock, LogStore, Meter } from '../kernel/ports.ts'
import { decodeState } from './journal/journal-state.ts'
import { passName } from './sync/first-pass.ts'
import { sweepName } from './sync/sweep-progress.ts'

export interface IdleLogsDeps {
  readonly store: LogStore
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: {
    /** Logs that nobody read for so many days are removed; 0: none is. */
    readonly idleDays: number
  }
}

const dayMs = 86_400_000
const hourMs = 3_600_000
/** Logs looked up at a time. */
const batch = 100
/** Removed logs of one scope that are remembered. */
const maxRemoved = 1000
const maxAttempts = 5

/**
 * Removes logs of combinations of types that nobody reads. That they were there is remembered, since a client that
 * comes back has to get everything again: what appeared meanwhile may be older than what it has.
 */
export class IdleLogs {
  readonly #deps: IdleLogsDeps
  /** The day on which each log was last noted as read. */
  readonly #noted = new LRUCache<string, number>({ max: 10_000 })
  #removedAt = Number.NEGATIVE_INFINITY
  #work: Promise<unknown> = Promise.resolve()

  constructor(deps: IdleLogsDeps) {
    this.#deps = deps
  }

  /** Somebody reads a log: noted once a day. */
  noteRead(name: string): void {
    const { store, clock, settings } = this.#deps
    const now = clock.now()
    const day = Math.floor(now / dayMs)
    if (settings.idleDays === 0 || this.#noted.get(name) === day) return
    this.#noted.set(name, day)
    this.#then(async () => {
      await store.noteRead(name, now).catch(() => this.#noted.delete(name))
    })
  }

  /** Removes what is due, at most once an hour. */
  removeUnread(): void {
    const { clock, settings, meter } = this.#deps
    const now = clock.now()
    if (settings.idleDays === 0 || Math.abs(now - this.#removedAt) < hourMs) return
    this.#removedAt = now
    this.#then(() =>
      this.#removeAll(now - settings.idleDays * dayMs).catch(() => {
        meter.count('store_errors', { operation: 'commit' })
      })
    )
  }

  /**
   * True for a log that was removed, by whichever settings of then, or may have been, where more were than are
   * remembered: whoever asks for it may be a client of then.
   */
  async wasRemoved(name: string): Promise<boolean> {
    const stored = await this.#deps.store.load(removedName(name))
    const names = stored ? namesIn(stored.state) : []
    return names.includes(digestOf(name)) || names.length >= maxRemoved
  }

  /** Resolves when nothing is under way. */
  async settle(): Promise<void> {
    await this.#work
  }

  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work)
  }

  async #removeAll(before: number): Promise<void> {
    const { store } = this.#deps
    for (;;) {
      const names = await store.unread(before, batch)
      for (const name of names) await this.#remove(name)
      if (names.length < batch) return
    }
  }

  async #remove(name: string): Promise<void> {
    await removeLog(this.#deps.store, name)
    this.#noted.delete(name)
  }
}

/** Removes a log, and remembers that it was there. Rejects when the store is in trouble. */
export async function removeLog(store: LogStore, name: string): Promise<void> {
  const stored = await store.load(name)
  if (stored) await remember(store, name)
  for (const part of partsOf(name, stored?.state)) await store.drop(part)
}

async function remember(store: LogStore, name: string): Promise<void> {
  const list = removedName(name)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.load(list)
    const known = stored ? namesIn(stored.state) : []
    if (known.includes(digestOf(name))) return
    const names = [...known, digestOf(name)].slice(-maxRemoved)
    const isFirst = await store.commit(list, {
      expectedVersion: stored?.version ?? 0,
      state: Buffer.from(JSON.stringify({ format: 1, names })),
      heads: [],
      bodies: []
    })
    if (isFirst) return
  }
  throw new Error('the list of removed logs could not be written')
}

/** A log is named by its scope and a digest of the rest: `v1:<scope>:<digest>`. */
const digestOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1)
const removedName = (name: string): string => `${name.slice(0, name.lastIndexOf(':'))}:removed`

/** The logs that a list of removed ones names; none where this version cannot read it. */
export function namesIn(state: Buffer): readonly string[] {
  try {
    const { format, names } = JSON.parse(state.toString())
    return format === 1 && Array.isArray(names) ? names : []
  } catch {
    return []
  }
}

/** A log and what is kept beside it; the log itself last, so that an interrupted removal is found again. */
function partsOf(name: string, state: Buffer | undefined): string[] {
  return [
    ...passesIn(state).map(start => passName(name, start)),
    sweepName(name),
    `${name}:aside`,
    name
  ]
}

function passesIn(state: Buffer | undefined): number[] {
  try {
    return state
      ? decodeState({ state }).chains.flatMap(({ start, pass }) => (pass ? [start] : []))
      : []
  } catch {
    return []
  }
}
