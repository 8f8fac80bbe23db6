import { type Clock, elapsedOf } from '../kernel/ports.ts'
import type { ClockEvidence } from '../kernel/proven-clock.ts'
import type { RedisClient } from './redis-client.ts'

export interface RedisTimeOptions {
  readonly client: Pick<RedisClient, 'time' | 'status'>
  readonly clock: Pick<Clock, 'now' | 'elapsed'>
  readonly onTime: (evidence: ClockEvidence) => void
}

const everyMs = 60_000

/**
 * Asks Redis what time it is, once now and then every minute until the connection is given up. Resolves after the first
 * answer. A Redis that does not say, or a user that may not ask, tells nothing.
 */
export async function witnessTime(options: RedisTimeOptions): Promise<void> {
  await ask(options)
  const timer = setInterval(() => {
    if (options.client.status === 'end') clearInterval(timer)
    else void ask(options)
  }, everyMs)
  timer.unref()
}

async function ask({ client, clock, onTime }: RedisTimeOptions): Promise<void> {
  const from = elapsedOf(clock)
  try {
    const [seconds] = await client.time()
    onTime({ told: Number(seconds) * 1000, from, to: elapsedOf(clock) })
  } catch {
    // The next answer will do.
  }
}
