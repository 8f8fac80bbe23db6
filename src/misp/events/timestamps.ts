/**
 * Timestamps decide what a MISP takes over (MISP-1.6). One that grows without need costs MISP work; one that does not
 * grow hides a change for ever. The last publication of an event remembers them.
 */

interface Stamped {
  readonly deleted: boolean
  readonly timestamp: string
}

export interface Moment {
  /** Now, epoch seconds. */
  readonly published: number
  /** MISP's clock may be ahead by this much, its pull included, and still see a later timestamp as later (seconds). */
  readonly marginSeconds: number
  /** How long what was taken back stays announced, seconds. */
  readonly tombstoneSeconds: number
}

/**
 * The child with its timestamp. First publication: when what it is made of was last modified. Unchanged: as before.
 * Changed: now, and later than before. Restored: later than any clock that may have stamped the deletion.
 *
 * @param child with any timestamp
 * @param modified epoch seconds
 */
export function stamp<T extends Stamped>(
  previous: T | undefined,
  child: T,
  modified: number,
  { published, marginSeconds }: Moment
): T {
  if (!previous) return { ...child, timestamp: String(Math.min(modified, published)) }
  const same = { ...child, timestamp: previous.timestamp }
  if (JSON.stringify(same) === JSON.stringify(previous)) return previous
  const isRestored = previous.deleted && !child.deleted
  return { ...child, timestamp: laterThan(previous, isRestored ? marginSeconds : 0, published) }
}

/**
 * The child taken back, or as it was if it is so already; undefined when it has been announced for long enough.
 *
 * @param since when it was taken back, epoch seconds
 */
export function bury<T extends Stamped>(
  previous: T,
  moment: Moment,
  since = Number(previous.timestamp)
): T | undefined {
  const { published, tombstoneSeconds } = moment
  if (previous.deleted) return published < since + tombstoneSeconds ? previous : undefined
  return { ...asDeleted(previous), timestamp: laterThan(previous, 0, published) }
}

/** The child with a later timestamp, though it is as it was: MISP looks at it again (M1). */
export const restamp = <T extends Stamped>(child: T, { published }: Moment): T => ({
  ...child,
  timestamp: laterThan(child, 0, published)
})

/**
 * When an event is to be stamped anew although it did not change, ms since the epoch: in the second half of the period
 * after its last timestamp, each at a point of its own, so that those of one build do not come together again (M1).
 *
 * @param periodMs 0: never
 */
export function restampAt(
  { uuid, timestamp }: { readonly uuid: string; readonly timestamp: string },
  periodMs: number
): number {
  if (periodMs === 0) return Number.POSITIVE_INFINITY
  const part = Number.parseInt(uuid.slice(0, 8), 16) / 2 ** 32
  return Number(timestamp) * 1000 + (periodMs * (1 + part)) / 2
}

/** OpenCTI does not look at `deleted`, only at `to_ids`. */
const asDeleted = <T extends Stamped>(child: T): T =>
  'to_ids' in child ? { ...child, deleted: true, to_ids: false } : { ...child, deleted: true }

const laterThan = ({ timestamp }: Stamped, ahead: number, published: number): string =>
  String(Math.max(published + ahead, Number(timestamp) + 1))
