import { GatewayError } from '../kernel/errors.ts'
import type { DocumentStore } from '../kernel/ports.ts'

/**
 * The same store, whose failures are `unavailable`: a full disk is no fault of the gateway, and clients come again. The
 * store has told its trouble by itself.
 */
export function failingAsUnavailable(store: DocumentStore): DocumentStore {
  return {
    version: space => orUnavailable(store.version(space)),
    get: (space, table, keys) => orUnavailable(store.get(space, table, keys)),
    scan: (space, table) => scanned(store.scan(space, table)),
    commit: (space, commit) => orUnavailable(store.commit(space, commit)),
    lease: (space, owner, ms) => orUnavailable(store.lease(space, owner, ms)),
    release: (space, owner) => orUnavailable(store.release(space, owner)),
    drop: space => orUnavailable(store.drop(space)),
    names: () => scanned(store.names()),
    trouble: () => store.trouble(),
    close: () => store.close()
  }
}

const unavailable = (error: unknown): GatewayError =>
  error instanceof GatewayError
    ? error
    : new GatewayError('unavailable', {
        detail: 'The store of the gateway is in trouble for now',
        cause: error
      })

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}

async function* scanned<T>(batches: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* batches
  } catch (error) {
    throw unavailable(error)
  }
}
