import type { Clock, LogStore, StoredJournal } from '../../src/kernel/ports.ts'

/** All journals and bodies of a store at one moment. */
export type StoreCopy = readonly {
  readonly log: string
  readonly journal: StoredJournal
  readonly bodies: readonly { readonly no: number; readonly body: Buffer }[]
}[]

export interface TroubledStore extends LogStore {
  /** Throws all bodies away; the journals stay. */
  evictAll(): void
  /** Forgets everything. */
  wipe(): void
  copy(): Promise<StoreCopy>
  /** Holds what was copied and nothing else, as after a backup was put back. */
  restore(copy: StoreCopy): Promise<void>
  /** The next so many calls reject. */
  fail(calls: number): void
}

/** A store to which everything happens that happens to stores. Its leases end by the clock. */
export function troubledStore(
  inner: LogStore,
  { isShared, clock }: { isShared: boolean; clock: Pick<Clock, 'now'> }
): TroubledStore {
  /** Another era knows nothing of the logs of one before. */
  let era = 0
  let evictions = 0
  let failures = 0
  const kept = new Map<string, number>()
  const logs = new Map<string, Set<number>>()
  const leases = new Map<string, { readonly owner: string; readonly until: number }>()
  const nameOf = (log: string) => `${era}:${log}`

  function note(log: string, no: number): void {
    kept.set(`${nameOf(log)}/${no}`, evictions)
    logs.set(log, (logs.get(log) ?? new Set()).add(no))
  }

  const isKept = (log: string, no: number) => kept.get(`${nameOf(log)}/${no}`) === evictions

  function unlessFailing<T>(work: () => Promise<T>): Promise<T> {
    if (failures <= 0) return work()
    failures--
    return Promise.reject(new Error('the store fails'))
  }

  function wipe(): void {
    era++
    logs.clear()
    leases.clear()
  }

  return {
    isShared,
    load: (log, since) => unlessFailing(() => inner.load(nameOf(log), since)),
    version: log => unlessFailing(() => inner.version(nameOf(log))),
    commit: (log, commit) =>
      unlessFailing(async () => {
        const isFirst = await inner.commit(nameOf(log), commit)
        if (isFirst) for (const { no } of commit.bodies) note(log, no)
        if (isFirst && !logs.has(log)) logs.set(log, new Set())
        return isFirst
      }),
    readBody: (log, no) =>
      unlessFailing(async () => (isKept(log, no) ? inner.readBody(nameOf(log), no) : undefined)),
    writeBody: (log, no, body) =>
      unlessFailing(() => {
        note(log, no)
        return inner.writeBody(nameOf(log), no, body)
      }),
    lengthenBody: (log, no, from, body) =>
      unlessFailing(() => inner.lengthenBody(nameOf(log), no, from, body)),
    lease: (log, owner, ms) =>
      unlessFailing(async () => {
        const held = leases.get(log)
        if (held && held.until > clock.now()) return false
        leases.set(log, { owner, until: clock.now() + ms })
        return true
      }),
    release: (log, owner) =>
      unlessFailing(async () => {
        if (leases.get(log)?.owner === owner) leases.delete(log)
      }),
    drop: log => inner.drop(nameOf(log)),
    names: () => inner.names(),
    noteRead: (log, at) => inner.noteRead(nameOf(log), at),
    async unread(before, limit) {
      const names = await inner.unread(before, limit)
      const own = names.filter(name => name.startsWith(`${era}:`))
      return own.map(name => name.slice(nameOf('').length))
    },
    trouble: () => inner.trouble(),
    close: () => inner.close(),
    evictAll() {
      evictions++
    },
    wipe,
    async copy() {
      const copies = [...logs].map(async ([log, numbers]) => {
        const journal = await inner.load(nameOf(log))
        if (!journal) return []
        const held = [...numbers]
          .filter(no => isKept(log, no))
          .map(async no => {
            const body = await inner.readBody(nameOf(log), no)
            return body ? [{ no, body }] : []
          })
        return [{ log, journal, bodies: (await Promise.all(held)).flat() }]
      })
      return (await Promise.all(copies)).flat()
    },
    async restore(copy) {
      wipe()
      for (const { log, journal, bodies } of copy) {
        await inner.commit(nameOf(log), { ...journal, expectedVersion: 0, bodies })
        logs.set(log, new Set())
        for (const { no } of bodies) note(log, no)
      }
    },
    fail(calls) {
      failures = calls
    }
  }
}
