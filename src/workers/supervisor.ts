import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import { lingerMs } from './link.ts'
import { type FromWorker, type Seat, type Serving, seatVariable } from './messages.ts'
import { Switchboard } from './switchboard.ts'
import { passOnUntaken } from './untaken.ts'
import { Watch } from './watch.ts'

export interface SupervisorOptions {
  /** The file that a worker runs. */
  readonly file: string
  readonly count: number
  readonly simulatorUrl?: string | undefined
  /** What workers have in their environment beside that of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** A worker that was asked to end is killed after this time. */
  readonly closeTimeoutMs: number
  /** One that hangs for so long is killed; 0: never. */
  readonly workerTimeoutMs: number
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

interface Place {
  readonly no: number
  worker: Worker | undefined
  /** Which start of all workers the worker belongs to. */
  generation: number
  /** True while somebody is being found for it. */
  isFilling: boolean
  /** True from the end of a worker until another one serves. */
  isMissing: boolean
  /** Ends in a row that came soon after the start. */
  failures: number
}

interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

interface Seated {
  readonly worker: Worker
  /** As it was when it started. */
  readonly generation: number
  readonly serving: Serving
}

type Started = Seated | { readonly exit: Exit }

/** A worker that has served for so long ended for a new reason, ms. */
const steadyMs = 60_000
const firstPauseMs = 500
const maxPauseMs = 30_000

/**
 * Runs the gateway in several processes on one port. This one owns the port and hands out connections in turn; it
 * serves nothing itself.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #switchboard = new Switchboard()
  readonly #watch: Watch
  readonly #places: readonly Place[]
  readonly #ending = new AbortController()
  #isShared = true
  #isRestarting = false
  #generation = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#places = Array.from({ length: options.count }, (_, i) => ({
      ...{ no: i + 1, worker: undefined, generation: 0, isFilling: false, isMissing: false },
      failures: 0
    }))
    this.#watch = new Watch({
      timeoutMs: options.workerTimeoutMs,
      onHang: worker => this.#endHanging(worker)
    })
    cluster.setupPrimary({ exec: options.file, args: [], serialization: 'advanced' })
    cluster.schedulingPolicy = cluster.SCHED_RR
  }

  /**
   * Starts the first worker, which makes what is made once, then the others. What the first one says when it serves;
   * its exit when it does not come to that.
   */
  async start(): Promise<Serving | Exit> {
    const [first] = this.#places
    const started = await this.#spawn(first!)
    if ('exit' in started) return started.exit
    this.#seat(first!, started)
    return started.serving
  }

  /**
   * Replaces the workers one by one; each goes once the next one of its number serves. Asked again meanwhile, it replaces
   * those anew that had started before.
   */
  async restart(): Promise<void> {
    if (this.isEnding) return
    this.#options.logger.info('the workers are started anew, one by one')
    this.#generation++
    await this.#renewOld()
  }

  async #renewOld(): Promise<void> {
    if (this.#isRestarting) return
    this.#isRestarting = true
    for (let place = this.#oldPlace(); place; place = this.#oldPlace()) {
      const wanted = this.#generation
      const isNew = await this.#renew(place)
      if (this.isEnding || (!isNew && wanted === this.#generation)) break
    }
    this.#isRestarting = false
  }

  /** One whose worker had started before all were to start anew. */
  #oldPlace(): Place | undefined {
    return this.#places.find(
      ({ worker, generation, isFilling }) => worker && !isFilling && generation < this.#generation
    )
  }

  /** False when nobody could be found for the place: who has it stays. */
  async #renew(place: Place): Promise<boolean> {
    const old = place.worker!
    // Should the old one die meanwhile, the place is not filled twice.
    place.isFilling = true
    const started = await this.#spawn(place)
    place.isFilling = false
    if ('serving' in started) {
      this.#seat(place, started)
      await this.#dismiss(old, { isReplaced: true })
      return true
    }
    if (this.isEnding) return false
    const { exit } = started
    this.#options.logger.error(
      { no: place.no, ...exit },
      'a new worker does not start: the old ones stay'
    )
    void this.#fill(place)
    return false
  }

  get isEnding(): boolean {
    return this.#ending.signal.aborted
  }

  /** True when every worker ended as it should. */
  async end(): Promise<boolean> {
    this.#ending.abort()
    const workers = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    const ends = await Promise.all(
      workers.map(worker => this.#dismiss(worker, { isReplaced: false }))
    )
    return ends.every(isWell => isWell)
  }

  /** True when the worker ended by itself. */
  async #dismiss(worker: Worker, how: { readonly isReplaced: boolean }): Promise<boolean> {
    if (worker.isDead()) return true
    const exit = once(worker, 'exit')
    const { closeTimeoutMs } = this.#options
    const patienceMs = closeTimeoutMs + 1000 + (how.isReplaced ? lingerMs(this.#options) : 0)
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), patienceMs)
    this.#switchboard.send(worker, { kind: 'end', ...how })
    const [code] = await exit
    clearTimeout(timer)
    return code === 0
  }

  #spawn({ no }: Place): Promise<Started> {
    const { count, simulatorUrl, env } = this.#options
    const generation = this.#generation
    const seat: Seat = {
      ...{ no, of: count, mayBeAlone: no === 1 && this.#places.every(({ worker }) => !worker) },
      ...(simulatorUrl !== undefined && { simulatorUrl })
    }
    const worker = cluster.fork({ ...env, [seatVariable]: JSON.stringify(seat) })
    this.#switchboard.connect(worker)
    this.#watch.connect(worker)
    passOnUntaken(worker, () => this.#places.some(place => place.worker && place.worker !== worker))
    return new Promise(resolve => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'serving') resolve({ worker, generation, serving: message })
      })
      worker.once('exit', (code, signal) => resolve({ exit: { code, signal } }))
    })
  }

  #seat(place: Place, { worker, generation, serving }: Seated): void {
    const { logger } = this.#options
    const since = performance.now()
    Object.assign(place, { worker, generation, isMissing: false })
    this.#tellMissing()
    const leave = (code: number | null, signal: string | null) => {
      if (place.worker !== worker) return
      place.worker = undefined
      if (this.isEnding) return
      place.isMissing = true
      this.#tellMissing()
      if (performance.now() - since > steadyMs) place.failures = 0
      logger.error({ no: place.no, code, signal }, 'a worker ended: another one takes its place')
      void this.#fill(place)
    }
    if (worker.isDead()) leave(null, null)
    else worker.once('exit', leave)
    if (generation < this.#generation) void this.#renewOld()
    this.#isShared = serving.isShared
    if (serving.isShared) for (const other of this.#places) void this.#fill(other)
    else if (this.#places.length > 1)
      logger.error('the store cannot be shared: one worker serves alone, from memory')
  }

  /** The workers tell it on `/readyz`. */
  #tellMissing(): void {
    const count = this.#places.filter(({ isMissing }) => isMissing).length
    this.#switchboard.tell({ kind: 'missing', count })
  }

  /** Its end is that of one that dies: another one takes its place. */
  #endHanging(worker: Worker): void {
    const { logger, workerTimeoutMs } = this.#options
    logger.error({ pid: worker.process.pid, workerTimeoutMs }, 'a worker hangs: it is killed')
    worker.process.kill('SIGKILL')
  }

  async #fill(place: Place): Promise<void> {
    const { signal } = this.#ending
    if (place.worker || place.isFilling) return
    place.isFilling = true
    while (!signal.aborted && (this.#isShared || place.no === 1)) {
      const pauseMs =
        place.failures && Math.min(maxPauseMs, firstPauseMs * 2 ** (place.failures - 1))
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) break
      place.failures++
      const started = await this.#spawn(place)
      if ('serving' in started) {
        place.isFilling = false
        this.#seat(place, started)
        return
      }
      if (signal.aborted) break
      place.isMissing = true
      this.#tellMissing()
      this.#options.logger.error(
        { no: place.no, ...started.exit },
        'a worker does not start: it is tried again'
      )
    }
    place.isFilling = false
  }
}
