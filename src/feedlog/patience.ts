import { setTimeout } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'

/**
 * Waits for work no longer than `ms`, after which GatewayError `timeout` is thrown; the work itself goes on, and
 * whatever becomes of it is nobody's failure any more.
 */
export async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController()
  const late = setTimeout(ms, undefined, { signal: timer.signal }).then(() => {
    throw new GatewayError('timeout')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => {})
    work.catch(() => {})
  }
}
