import type { StixObject } from '../../stix/object.ts'
import { asBuffer, together } from '../../threads/moved.ts'
import { toTag } from '../events/wire.ts'
import type { MadeBucket, Making, StoredBucket } from './stored-bucket.ts'

/** What goes to the thread that makes events, and comes back. Bytes are moved, not copied. */

export interface MakingTask {
  /** Names are the same throughout a pass. */
  readonly pass: string
  /** See mapping.ts: the thread must map as the thread that asks. */
  readonly fingerprint: string
  readonly making: Making
  readonly lastIssued: number
  readonly buckets: readonly StoredBucket[]
  /** Objects that are referred to, by id, and were not sent in this pass; undefined where none is known. */
  readonly names: ReadonlyMap<string, StixObject | undefined>
}

/** Made, or what has to be sent with the same task before it can be. */
export type MakingResult =
  | { readonly made: readonly MadeBucket[] }
  | { readonly missing: readonly string[] }

/** The same with all bytes in one buffer, and that buffer. */
export interface Movable<T> {
  readonly value: readonly T[]
  readonly buffer: ArrayBuffer
}

export function movableBuckets(buckets: readonly StoredBucket[]): Movable<StoredBucket> {
  const { buffer, pieces } = together(buckets.flatMap(bytesOfStored))
  const rest = pieces.values()
  const next = () => rest.next().value!
  const value = buckets.map(bucket => mapStored(bucket, next))
  return { value, buffer }
}

const bytesOfStored = ({ rows, published }: StoredBucket): Buffer[] => [
  ...(rows ? [rows] : []),
  ...published.map(({ file }) => file)
]

const mapStored = (bucket: StoredBucket, to: (bytes: Buffer) => Buffer): StoredBucket => ({
  ...bucket,
  rows: bucket.rows && to(bucket.rows),
  published: bucket.published.map(event => ({ ...event, file: to(event.file) }))
})

export const receivedBuckets = (buckets: readonly StoredBucket[]): StoredBucket[] =>
  buckets.map(bucket => mapStored(bucket, asBuffer))

export function movableMade(made: readonly MadeBucket[]): Movable<MadeBucket> {
  const { buffer, pieces } = together(made.flatMap(bytesOfMade))
  const rest = pieces.values()
  const next = () => rest.next().value!
  return { value: made.map(bucket => mapMade(bucket, next)), buffer }
}

const bytesOfMade = ({ rows, events }: MadeBucket): Buffer[] => [
  ...(rows ? [rows] : []),
  ...events.flatMap(({ made, file }) => [...(made ? [made.hashes] : []), ...(file ? [file] : [])])
]

const mapMade = (bucket: MadeBucket, to: (bytes: Buffer) => Buffer): MadeBucket => ({
  ...bucket,
  rows: bucket.rows && to(bucket.rows),
  events: bucket.events.map(event => ({
    ...event,
    ...(event.made && { made: { ...event.made, hashes: to(event.made.hashes) } }),
    file: event.file && to(event.file)
  }))
})

/** Few different tags stand on thousands of heads: they are the same objects again. */
export const receivedMade = (made: readonly MadeBucket[]): MadeBucket[] =>
  made.map(bucket => {
    const { events, ...rest } = mapMade(bucket, asBuffer)
    return {
      ...rest,
      events: events.map(event => {
        if (!event.made) return event
        const { head, hashes } = event.made
        const tags = head.tags.map(({ name }) => toTag(name))
        return { ...event, made: { head: { ...head, tags }, hashes } }
      })
    }
  })
