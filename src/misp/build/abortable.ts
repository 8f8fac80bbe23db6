import type { BuilderDeps } from './deps.ts'

/** What a round reads from and writes to. */
export type RoundDeps = Pick<BuilderDeps, 'records' | 'upstream' | 'store'>

/**
 * Wraps what a round works with so that, once `signal` aborts, every call fails with the signal's reason and the
 * round ends at its next step. Only the lease can still be released. What was committed stays, as after a crash.
 */
export function withAbort(signal: AbortSignal, { records, upstream, store }: RoundDeps): RoundDeps {
  const unlessOver = async <T>(ask: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return ask()
  }
  return {
    records: { read: request => unlessOver(() => records.read({ ...request, signal })) },
    upstream: {
      page: (caller, request) => unlessOver(() => upstream.page(caller, request, signal)),
      objects: (caller, ids) => unlessOver(() => upstream.objects(caller, ids, signal))
    },
    store: {
      ...store,
      version: space => unlessOver(() => store.version(space)),
      get: (space, table, keys) => unlessOver(() => store.get(space, table, keys)),
      commit: (space, change) => unlessOver(() => store.commit(space, change)),
      lease: (space, owner, ms) => unlessOver(() => store.lease(space, owner, ms)),
      async *scan(space, table) {
        for await (const batch of store.scan(space, table)) {
          signal.throwIfAborted()
          yield batch
        }
      }
    }
  }
}
