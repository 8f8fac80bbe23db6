import { randomBytes } from 'node:crypto'
import { type Clock, elapsedOf } from '../kernel/ports.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import { type HistoryStore, type Kept, readHistory, writeHistory } from './kept-history.ts'
import { type Batch, Recorder, type RecorderDeps } from './recorder.ts'
import { mergeSlots, type Slot } from './slot.ts'
import { covers, type SpanName, spans } from './spans.ts'

export interface HistoryDeps extends RecorderDeps {
  readonly clock: Clock
  readonly store: HistoryStore
}

/** What all gateways on the store have counted. */
export interface Past {
  /** The slots that are covered now, in no order; one in which nothing was counted may be missing. */
  readonly slots: Batch
  /** False while the store is away: a part may be missing. */
  readonly isComplete: boolean
}

const writeMs = 60_000
/** What was read from the store is told again for so long. */
const freshMs = 30_000

/**
 * The history of the gateways on one store: counted in memory, written once a minute. It costs a request nothing but
 * the counting, and nothing fails when the store is away: what could not be written is written later.
 */
export class History {
  readonly recorder: Recorder
  readonly #deps: HistoryDeps
  readonly #writer = randomBytes(8).toString('hex')
  readonly #reads = new SingleFlight<'read', void>()
  /** Handed to the store, which may or may not have taken it. */
  #sent: Batch | undefined
  #sentNo = 0
  /** As read last, with what this process has written since. */
  #kept: (Kept & { readonly at: number }) | undefined
  #replicas = 1
  #timer: NodeJS.Timeout | undefined
  /** Reads and writes follow one another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: HistoryDeps) {
    this.#deps = deps
    this.recorder = new Recorder(deps)
  }

  /** Gateways that write to this store, this one included, as of the last write. */
  get replicas(): number {
    return this.#replicas
  }

  start(): void {
    this.#timer = setInterval(() => void this.write(), writeMs).unref()
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#inTurn(() => this.#write(true)).catch(() => {})
  }

  /** Adds what was counted to the store. Never rejects: the store tells its trouble by itself. */
  async write(): Promise<void> {
    await this.#inTurn(() => this.#write(false)).catch(() => {})
  }

  /** Everything up to now. Never rejects. */
  async past(): Promise<Past> {
    await this.recorder.sample()
    const isComplete = await this.#reads
      .run('read', () => this.#inTurn(() => this.#read()))
      .then(
        () => true,
        () => false
      )
    const now = this.#deps.clock.now()
    const parts = [this.#kept?.slots, this.#isKept() ? undefined : this.#sent]
    const joined = joinBatches([...parts, this.recorder.pending()])
    const covered = (name: SpanName) =>
      joined[name].filter(({ no }) => covers(spans[name], no, now))
    return { slots: { day: covered('day'), month: covered('month') }, isComplete }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  async #write(isLast: boolean): Promise<void> {
    await this.recorder.sample()
    if (this.#sent) await this.#send(this.#sent, false)
    this.#sent = this.recorder.take()
    this.#sentNo++
    await this.#send(this.#sent, isLast)
  }

  async #send(batch: Batch, isLast: boolean): Promise<void> {
    const { clock, store } = this.#deps
    const write = { writer: this.#writer, no: this.#sentNo, batch, now: clock.now(), isLast }
    this.#replicas = await writeHistory(store, write)
    if (this.#kept) {
      const slots = this.#isKept() ? this.#kept.slots : joinBatches([this.#kept.slots, batch])
      this.#kept = { ...this.#kept, slots, at: Number.NEGATIVE_INFINITY }
    }
    this.#sent = undefined
  }

  /** True when what was sent last was found in the store. */
  #isKept(): boolean {
    return this.#kept?.writers.get(this.#writer)?.batch === this.#sentNo
  }

  async #read(): Promise<void> {
    const { clock, store } = this.#deps
    const at = elapsedOf(clock)
    if (this.#kept && Math.abs(at - this.#kept.at) < freshMs) return
    this.#kept = { ...(await readHistory(store)), at }
  }
}

/** One slot for each number. */
function joinBatches(batches: readonly (Batch | undefined)[]): Batch {
  const join = (name: SpanName): Slot[] => {
    const joined = new Map<number, Slot>()
    for (const slot of batches.flatMap(batch => batch?.[name] ?? [])) {
      const there = joined.get(slot.no)
      joined.set(slot.no, there ? mergeSlots(there, slot) : slot)
    }
    return [...joined.values()]
  }
  return { day: join('day'), month: join('month') }
}
