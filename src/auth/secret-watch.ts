import { createHmac } from 'node:crypto'
import type { Clock, DocumentStore } from '../kernel/ports.ts'

/**
 * Gateways on one store need one secret: with different ones they keep everything twice, and a key that one of them
 * knows is a stranger to the other. Each leaves a fingerprint of its secret in the store, and says so once when it
 * finds the fresh one of another.
 */
export interface SecretWatchDeps {
  readonly documents: Pick<DocumentStore, 'version' | 'scan' | 'commit'>
  readonly clock: Clock
  readonly logger: { error(fields: object, message: string): void }
  readonly secret: Buffer
}

export interface SecretWatch {
  /** Looks, and leaves the own fingerprint; never rejects. Resolves with the number of other secrets in use. */
  check(): Promise<number>
  /** Checks now and from then on. */
  start(): void
  stop(): void
}

const space = 'gateways'
const table = 'secrets'
const intervalMs = 60_000
/** Gateways whose fingerprint is older than this are gone. */
const freshMs = 5 * intervalMs

export function createSecretWatch({
  documents,
  clock,
  logger,
  secret
}: SecretWatchDeps): SecretWatch {
  const own = createHmac('sha256', secret).update('fingerprint').digest('hex').slice(0, 16)
  let isTold = false
  let timer: NodeJS.Timeout | undefined

  async function check(): Promise<number> {
    try {
      const others = await readOthers()
      const expectedVersion = await documents.version(space)
      const puts = [{ table, key: own, value: Buffer.from(String(clock.now())) }]
      await documents.commit(space, { expectedVersion, puts, deletes: others.stale })
      if (others.fresh > 0 && !isTold)
        logger.error(
          { others: others.fresh },
          'another gateway uses this store with another access.secret: they share nothing, and tokens and rights of one mean nothing to the other'
        )
      isTold = others.fresh > 0
      return others.fresh
    } catch {
      return 0
    }
  }

  async function readOthers() {
    const stale: { table: string; key: string }[] = []
    const fresh = new Set<string>()
    for await (const batch of documents.scan(space, table))
      for (const { key, value } of batch) {
        if (key === own) continue
        const isFresh = Math.abs(clock.now() - Number(value.toString())) < freshMs
        if (isFresh) fresh.add(key)
        else stale.push({ table, key })
      }
    return { stale, fresh: fresh.size }
  }

  return {
    check,
    start() {
      void check()
      timer = setInterval(check, intervalMs).unref()
    },
    stop: () => clearInterval(timer)
  }
}
