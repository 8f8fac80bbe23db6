import type { Test } from 'tap'
import { ApiKey, type Caller, type ScopeId } from '../../src/kernel/caller.ts'
import { type Meter, systemClock } from '../../src/kernel/ports.ts'
import {
  createSekoiaClient,
  type SekoiaClient,
  type SekoiaClientOptions
} from '../../src/sekoia/client.ts'

export const callerOf = (name: string): Caller => ({
  key: new ApiKey(`key-of-${name}`),
  scope: name as ScopeId
})

export const caller = callerOf('alice')

/** A meter whose sums can be read: `name` or `name{label values}`. */
export function summingMeter(): Meter & { readonly sums: Record<string, number> } {
  const sums: Record<string, number> = {}
  const add = (name: string, by: number) => {
    sums[name] = (sums[name] ?? 0) + by
  }
  const count: Meter['count'] = (name, labels = {}, by = 1) => {
    add(name, by)
    if (Object.keys(labels).length > 0) add(`${name}{${Object.values(labels)}}`, by)
  }
  return { sums, count }
}

/** A client with short waits and deadlines too long to matter, unless the test says otherwise. */
export function clientOf(
  t: Test,
  baseUrl: string,
  options: Partial<SekoiaClientOptions> = {}
): SekoiaClient {
  const client = createSekoiaClient({
    baseUrl,
    connectTimeoutMs: 5000,
    headersTimeoutMs: 5000,
    bodyTimeoutMs: 5000,
    totalTimeoutMs: 20_000,
    patienceMs: 0,
    secondTryMs: 60_000,
    retryAfterMax: 86_400,
    maxAttempts: 3,
    backoffMs: 1,
    maxInFlightPerKey: 4,
    breakerFailures: 100,
    breakerResetMs: 20,
    maxBodyBytes: 1_000_000,
    repair: true,
    clock: systemClock,
    meter: summingMeter(),
    ...options
  })
  t.teardown(() => client.close())
  return client
}
