import { GatewayError } from './errors.ts'

/** The longest that timers bear. */
const longestMs = 2 ** 31 - 1

/**
 * Waits for work at most `ms`, or until `signal` aborts; then throws GatewayError `timeout` or `unavailable`. The
 * work itself goes on for others; its later rejection is ignored.
 */
export async function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  signal?: AbortSignal
): Promise<T> {
  const timeout = AbortSignal.timeout(Math.min(Math.max(1, Math.ceil(ms)), longestMs))
  const ending = signal ? AbortSignal.any([signal, timeout]) : timeout
  let stop = () => {}
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(new GatewayError(signal?.aborted ? 'unavailable' : 'timeout'))
    if (ending.aborted) stop()
    else ending.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, over])
  } finally {
    ending.removeEventListener('abort', stop)
    work.catch(() => {})
  }
}
