/**
 * Asks again, beside the first question, when nothing has come for a while: an answer that got lost is not waited
 * for until its deadline. The first answer counts, whichever question it is to.
 */
export interface SecondTryOptions {
  /** Silence after which another question is put. */
  readonly afterMs: number
  /** Ends everything. */
  readonly signal: AbortSignal
  /** Called when another question is put. */
  onSecondTry(): void
}

/** Asks; calls `onProgress` with each piece that arrives. */
export type Ask<T> = (signal: AbortSignal, onProgress: () => void) => Promise<T>

/** The oldest question stays, since its answer may just be slow; the newest takes the place of the one before. */
export function withSecondTry<T>(ask: Ask<T>, options: SecondTryOptions): Promise<T> {
  const { afterMs, signal, onSecondTry } = options
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const asked: AbortController[] = []
  let timer: NodeJS.Timeout | undefined
  let isOver = false

  function listen(): void {
    clearTimeout(timer)
    if (isOver) return
    timer = setTimeout(() => {
      onSecondTry()
      for (const superseded of asked.splice(1)) superseded.abort()
      put()
    }, afterMs)
  }

  function put(): void {
    const controller = new AbortController()
    asked.push(controller)
    listen()
    ask(AbortSignal.any([signal, controller.signal]), listen).then(resolve, error => {
      if (controller.signal.aborted) return
      const at = asked.indexOf(controller)
      if (at >= 0) asked.splice(at, 1)
      if (asked.length === 0 || signal.aborted) reject(error)
    })
  }

  put()
  return promise.finally(() => {
    isOver = true
    clearTimeout(timer)
    for (const controller of asked) controller.abort()
  })
}
