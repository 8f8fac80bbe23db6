import { crc32 } from 'node:zlib'
import type { HeldPart } from '../journal/body-content.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import type { Segment } from '../journal/segment.ts'
import { cacheName } from '../journal/segment-cache.ts'
import { findParts, withParts } from '../journal/stored-parts.ts'

/** Holds a segment in memory; the deflated parts that a gzip answer makes of it are kept with it and with its body. */
export function hold(
  segment: Segment,
  journal: Pick<Journal, 'epoch'>,
  deps: Pick<FeedLogDeps, 'cache' | 'identity' | 'meter' | 'store'>
): void {
  const name = cacheName(deps.identity, journal)
  if (segment.content && !segment.content.parts)
    segment.content.keep = parts => {
      deps.cache.recount(name, segment)
      store(segment, parts, deps).catch(() =>
        deps.meter.count('store_errors', { operation: 'write' })
      )
    }
  deps.cache.set(name, segment)
}

/** Only behind the very body that they were made of. Parts that are damaged are replaced. */
async function store(
  { no, content }: Segment,
  parts: readonly HeldPart[],
  { store, identity }: Pick<FeedLogDeps, 'identity' | 'store'>
): Promise<void> {
  const stored = await store.readBody(identity.name, no)
  if (!stored || crc32(stored) !== content?.storedCrc) return
  const alone = stored.subarray(0, findParts(stored)?.start)
  await store.lengthenBody(identity.name, no, stored.length, withParts(alone, parts))
}
