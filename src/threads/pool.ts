import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

/** Work that is done beside the thread that answers requests, in threads with heaps of their own. */

export interface ThreadPool<Task, Result> {
  /**
   * Does one task in a thread.
   *
   * @param transferred moved into the thread, not copied: empty here from now on
   * @throws what the task throws, or that its thread has ended or could not start; the next task has a new thread
   */
  run(task: Task, transferred?: readonly ArrayBuffer[]): Promise<Result>
  /** Threads that are there now. */
  readonly size: number
  /** Ends the threads. Tasks under way fail. */
  close(): Promise<void>
}

export interface ThreadPoolOptions {
  /** The module of the thread: its default export does a task. */
  readonly file: URL
  readonly threads: number
  /** A thread that has had nothing to do for so long ends, ms. */
  readonly idleMs: number
  /** Of one thread. One that needs more ends, and its task fails; the process goes on. */
  readonly heapMegabytes: number
  /** Of the space for what is new, megabytes. */
  readonly newSpaceMegabytes: number
  /** Given to each thread as `workerData` of `node:worker_threads`. */
  readonly data?: unknown
}

const maxDelayMs = 2 ** 31 - 1

/** Threads start when the first task comes. */
export function openPool<Task, Result>(options: ThreadPoolOptions): ThreadPool<Task, Result> {
  const waiting = new Set<AbortController>()
  const pool = new Piscina<Task, Result>({
    filename: fileURLToPath(options.file),
    minThreads: 0,
    maxThreads: options.threads,
    idleTimeout: options.idleMs,
    // A thread that waits stays one that can be told something, and ended.
    atomics: 'disabled',
    recordTiming: false,
    // What was preloaded into the process is not for its threads.
    execArgv: [],
    resourceLimits: {
      maxOldGenerationSizeMb: options.heapMegabytes,
      maxYoungGenerationSizeMb: options.newSpaceMegabytes
    },
    workerData: options.data
  })
  let cause: unknown
  // Tasks of a thread that ended have failed by then; those that wait for one would wait for ever.
  const failWaiting = () => {
    if (pool.threads.length > 0 || pool.queueSize === 0) return
    const failure = new Error('no thread could start', { cause })
    for (const controller of waiting) controller.abort(failure)
  }
  pool.on('error', error => {
    cause = error
    setImmediate(failWaiting)
  })
  pool.on('workerDestroy', () => setImmediate(failWaiting))
  return {
    run(task, transferred = []) {
      // A thread that is about to start keeps no process going.
      const hold = setInterval(() => {}, maxDelayMs)
      const controller = new AbortController()
      waiting.add(controller)
      return pool
        .run(task, { transferList: [...transferred], signal: controller.signal })
        .finally(() => {
          clearInterval(hold)
          waiting.delete(controller)
        })
    },
    get size() {
      return pool.threads.length
    },
    close: () => pool.destroy()
  }
}

/** In a thread: the result of a task, of which these are moved out, not copied. */
export const transferring = <T extends object>(
  result: T,
  transferred: readonly ArrayBuffer[]
): T => {
  const moved = {
    get [Piscina.transferableSymbol]() {
      return transferred
    },
    get [Piscina.valueSymbol]() {
      return result
    }
  }
  return Piscina.move(moved as never) as unknown as T
}
