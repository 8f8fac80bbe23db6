/**
 * Timestamps decide what a MISP takes over (MISP-1.6). One that grows without need costs MISP work; one that does not
 * grow hides a change for ever. The last publication of an event remembers them.
 */

/** MISP's clock may be ahead by this much, its pull included, and still see a later timestamp as later (seconds). */
export const marginSeconds = 300

interface Stamped {
  readonly deleted: boolean
  readonly timestamp: string
}

export interface Moment {
  /** Now, epoch seconds. */
  readonly published: number
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
  { published }: Moment
): T {
  if (!previous) return { ...child, timestamp: String(Math.min(modified, published)) }
  const same = { ...child, timestamp: previous.timestamp }
  if (JSON.stringify(same) === JSON.stringify(previous)) return previous
  const isRestored = previous.deleted && !child.deleted
  return { ...child, timestamp: laterThan(previous, isRestored ? marginSeconds : 0, published) }
}

/** The child taken back, or as it was if it is so already; undefined when it has been announced for long enough. */
export function bury<T extends Stamped>(previous: T, moment: Moment): T | undefined {
  const { published, tombstoneSeconds } = moment
  if (previous.deleted)
    return published < Number(previous.timestamp) + tombstoneSeconds ? previous : undefined
  return { ...asDeleted(previous), timestamp: laterThan(previous, 0, published) }
}

/** OpenCTI does not look at `deleted`, only at `to_ids`. */
const asDeleted = <T extends Stamped>(child: T): T =>
  'to_ids' in child ? { ...child, deleted: true, to_ids: false } : { ...child, deleted: true }

const laterThan = ({ timestamp }: Stamped, ahead: number, published: number): string =>
  String(Math.max(published + ahead, Number(timestamp) + 1))
