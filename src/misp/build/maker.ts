import { randomUUID } from 'node:crypto'
import type { StixObject } from '../../stix/object.ts'
import { openPool, type ThreadPool } from '../../threads/pool.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Resolve } from '../mapping/tags/tags.ts'
import { makeBucket, openBucket } from './make-bucket.ts'
import {
  type MakingResult,
  type MakingTask,
  movableBuckets,
  receivedMade
} from './maker-messages.ts'
import type { MakerThreadData } from './maker-thread.ts'
import type { MadeBucket, Making, StoredBucket } from './stored-bucket.ts'

/** Makes the events of buckets, one batch of them after the other. */
export interface Maker {
  /** True when it is done in another thread, so that this one can do something else meanwhile. */
  readonly isBeside: boolean
  /** Bytes of what is stored of buckets that are made at a time, more or less. */
  readonly batchBytes: number
  /** @param lastIssued the newest timestamp given to an event, epoch seconds */
  make(buckets: readonly StoredBucket[], lastIssued: number): Promise<readonly MadeBucket[]>
}

export interface MakerDeps {
  readonly making: Making
  readonly mapping: Mapping
  /** Looks up objects that are referred to. */
  readonly find: (ids: Iterable<string>) => Promise<Resolve>
}

/** Makes them in this thread, in pieces, one bucket at a time. */
export const makerHere = ({ making, mapping, find }: MakerDeps): Maker => ({
  isBeside: false,
  batchBytes: 0,
  async make(buckets, lastIssued) {
    const made: MadeBucket[] = []
    let last = lastIssued
    for (const stored of buckets) {
      const open = await openBucket(stored, mapping)
      const bucket = await makeBucket(open, await find(open.refs), mapping, making, last)
      last = bucket.lastIssued
      made.push(bucket)
    }
    return made
  }
})

const ownFile = new URL('maker-thread.ts', import.meta.url)

export interface MakerThreadOptions {
  readonly data: MakerThreadData
  /** Called when a batch has to be made again, by the thread that asked. */
  readonly onFailure: (error: unknown) => void
  /** A thread that has had nothing to do for so long ends, ms. Default half a minute. */
  readonly idleMs?: number
  /** Bytes of what is stored of buckets that are made at a time, more or less. Default some 30 ms of work. */
  readonly batchBytes?: number
  /** The module of the thread. */
  readonly file?: URL
}

/** The thread that makes events; it starts with the first batch, and ends when it has had nothing to do. */
export class MakerThread {
  readonly #pool: ThreadPool<MakingTask, MakingResult>
  readonly #onFailure: (error: unknown) => void
  readonly #batchBytes: number

  constructor(options: MakerThreadOptions) {
    const { data, onFailure, idleMs = 30_000, batchBytes = 64 * 1024, file = ownFile } = options
    this.#onFailure = onFailure
    this.#batchBytes = batchBytes
    this.#pool = openPool({
      file,
      threads: 1,
      idleMs,
      heapMegabytes: 192,
      newSpaceMegabytes: 8,
      data
    })
  }

  /** True while the thread is there. */
  get isRunning(): boolean {
    return this.#pool.size > 0
  }

  /** For one publication, in which names stay what they are. After a failure the rest of it is made here. */
  maker(parts: MakerDeps): Maker {
    const here = makerHere(parts)
    const pass = randomUUID()
    let hasFailed = false
    return {
      isBeside: true,
      batchBytes: this.#batchBytes,
      make: async (buckets, lastIssued) => {
        if (hasFailed) return here.make(buckets, lastIssued)
        try {
          return await this.#make(buckets, lastIssued, pass, parts)
        } catch (error) {
          hasFailed = true
          this.#onFailure(error)
          return here.make(buckets, lastIssued)
        }
      }
    }
  }

  async #make(
    buckets: readonly StoredBucket[],
    lastIssued: number,
    pass: string,
    { making, mapping, find }: MakerDeps
  ): Promise<readonly MadeBucket[]> {
    let names = new Map<string, StixObject | undefined>()
    for (;;) {
      const { value, buffer } = movableBuckets(buckets)
      const { fingerprint } = mapping
      const task = { pass, fingerprint, making, lastIssued, buckets: value, names }
      const result = await this.#pool.run(task, [buffer])
      if ('made' in result) return receivedMade(result.made)
      const found = await find(result.missing)
      names = new Map(result.missing.map(id => [id, found(id)]))
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
