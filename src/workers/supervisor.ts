import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { Crew, type CrewOptions, type Exit } from './crew.ts'
import type { Serving } from './messages.ts'

export interface SupervisorOptions extends CrewOptions {
  /** The file that a worker runs. */
  readonly file: string
  readonly count: number
  readonly simulatorUrl?: string | undefined
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

interface Seated {
  readonly worker: Worker
  /** As it was when it started. */
  readonly generation: number
  readonly serving: Serving
}

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
  readonly #crew: Crew
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
    this.#crew = new Crew(options)
    cluster.setupPrimary({ exec: options.file, args: [], serialization: 'advanced' })
    cluster.schedulingPolicy = cluster.SCHED_RR
  }

  /**
   * Starts the first worker, which makes what is made once, then the others. What the first one says when it serves;
   * its exit when it does not come to that.
   */
  async start(): Promise<Serving | Exit> {
    const [first] = this.#places
    const started = await this.#begin(first!)
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
    const started = await this.#begin(place)
    place.isFilling = false
    if ('serving' in started) {
      this.#seat(place, started)
      await this.#crew.dismiss(old, { isReplaced: true })
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
    return this.#crew.dismissAll()
  }

  async #begin({ no }: Place): Promise<Seated | { readonly exit: Exit }> {
    const { count, simulatorUrl } = this.#options
    const generation = this.#generation
    const started = await this.#crew.start({
      ...{ no, of: count, mayBeAlone: no === 1 && this.#places.every(({ worker }) => !worker) },
      ...(simulatorUrl !== undefined && { simulatorUrl })
    })
    return 'exit' in started ? started : { ...started, generation }
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

  #tellMissing(): void {
    this.#crew.tellMissing(this.#places.filter(({ isMissing }) => isMissing).length)
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
      const started = await this.#begin(place)
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
