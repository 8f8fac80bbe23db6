import type { Caller } from '../../kernel/caller.ts'
import { bytesOf } from '../../kernel/chunk.ts'
import type { FeedRecord, Outcome, ReadResult } from '../../kernel/records.ts'
import { type Validity, validWhileAll } from '../../kernel/validity.ts'
import { isUpTo, leftOut, type TimeStart } from './leading-run.ts'
import type { Start } from './start.ts'

export interface LogRequest {
  readonly caller: Caller
  readonly feedId: string
  readonly types: readonly string[]
  /** True for revoked and expired objects too, whatever the feed says by itself. */
  readonly all: boolean
  readonly start: Start
  readonly limit: number
  /** What of the log is shown; undefined: everything. */
  readonly wants: ((record: FeedRecord) => boolean) | undefined
  readonly continues: boolean
  readonly signal: AbortSignal
}

export interface LogPage {
  /** The objects joined by commas. */
  readonly chunks: readonly Buffer[]
  readonly count: number
  /** All records that were gone through, those left out included. */
  readonly seen: readonly FeedRecord[]
  /** The record that follows, as far as it is known. */
  readonly next: FeedRecord | undefined
  /** Of the log, for positions; undefined when it gave nothing. */
  readonly epoch: string | undefined
  readonly outcome: Outcome
  /** While the same request would get the same page. */
  readonly validity: Validity | undefined
}

/** With a filter so many records are read at least: many in a row may be left out. */
const minFiltered = 500

const comma = Buffer.from(',')

/** Puts a page together from the results of several reads. */
export class PageBuilder {
  readonly #request: LogRequest
  readonly #chunks: Buffer[] = []
  readonly #seen: FeedRecord[] = []
  readonly #validities: (Validity | undefined)[] = []
  #count = 0
  #outcome: Outcome = 'held'
  #epoch: string | undefined
  /** The first record that was left for the next page. */
  #next: FeedRecord | undefined
  /** The records up to the time that the client has, as long as they go on. */
  #run: FeedRecord[] | undefined

  constructor(request: LogRequest) {
    this.#request = request
    this.#run = request.start.time && []
  }

  get isFull(): boolean {
    return this.#run === undefined && this.#next !== undefined
  }

  get #left(): number {
    return this.#request.limit - this.#count
  }

  /** How many records to read next: one more than are needed, since the cursor depends on what follows. */
  get wants(): number {
    const left = Math.max(0, this.#left) + 1
    return this.#request.wants ? Math.max(left, minFiltered) : left
  }

  add(result: ReadResult): void {
    const { outcome, validity } = result
    this.#validities.push(validity)
    if (this.#outcome !== 'stale') this.#outcome = outcome === 'held' ? this.#outcome : outcome
    const { start, wants } = this.#request
    const isWhole = this.#run === undefined && !wants
    this.#epoch = result.position?.epoch ?? this.#epoch
    const rest = this.#run ? this.#afterRun(result, start.time!) : result.records
    if (isWhole) this.#takeAll(result)
    else for (const record of rest) this.#take(record)
  }

  end(): LogPage {
    this.#endRun()
    return {
      chunks: this.#chunks,
      count: this.#count,
      seen: this.#seen,
      next: this.#next,
      epoch: this.#epoch,
      outcome: this.#outcome,
      // What has expired changes with the time alone.
      validity: this.#request.wants ? undefined : validWhileAll(this.#validities)
    }
  }

  /** Collects the run; what follows it, once it has ended. */
  #afterRun({ records, more }: ReadResult, time: TimeStart): readonly FeedRecord[] {
    const end = records.findIndex(record => !isUpTo(record, time))
    this.#run!.push(...(end === -1 ? records : records.slice(0, end)))
    if (end === -1 && more) return []
    this.#endRun()
    return end === -1 ? [] : records.slice(end)
  }

  #endRun(): void {
    const { start } = this.#request
    const run = this.#run ?? []
    this.#run = undefined
    if (run.length > 0)
      for (const record of run.slice(leftOut(run, start.time!))) this.#take(record)
  }

  #take(record: FeedRecord): void {
    if (this.#left <= 0) this.#next ??= record
    if (this.#next) return
    this.#seen.push(record)
    const { wants } = this.#request
    if (!wants || wants(record)) this.#append([record.bytes], 1)
  }

  /** As few pieces as they lie in memory. */
  #takeAll({ records, chunks }: ReadResult): void {
    const count = Math.min(records.length, this.#left)
    const rest = records.slice(count)
    this.#next = rest[0]
    this.#seen.push(...records.slice(0, count))
    const extra = rest.reduce((sum, { bytes }) => sum + bytes.length + 1, 0)
    this.#append(withoutEnd(chunks.map(bytesOf), extra), count)
  }

  #append(chunks: readonly Buffer[], count: number): void {
    if (count === 0) return
    if (this.#count > 0) this.#chunks.push(comma)
    this.#chunks.push(...chunks)
    this.#count += count
  }
}

/** Pieces without their last bytes. */
function withoutEnd(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  const kept = [...pieces]
  for (let left = bytes; left > 0 && kept.length > 0; ) {
    const last = kept.pop()!
    if (last.length > left) kept.push(last.subarray(0, last.length - left))
    left -= last.length
  }
  return kept
}
