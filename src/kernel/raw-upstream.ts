import type { Caller } from './caller.ts'

/** A request to Sekoia in the words of a client of its API. */
export interface RawRequest {
  readonly method: string
  /**
   * Path and query as they came, below Sekoia's API: starts with `/v2/inthreat/` or `/v1/`. Never put together anew:
   * clients repeat parameters and escape them in their own ways.
   */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** The label of the counters. */
  readonly endpoint: string
  /** True for what may change something at Sekoia: it is sent once, whatever happens. */
  readonly isWrite?: boolean
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
}

/** Sekoia's answer, good or bad: any status but 429 and those of 500 and above. */
export interface RawAnswer {
  readonly status: number
  /** As Sekoia wrote it; '' when it wrote none. */
  readonly contentType: string
  /** The header `Cursor` of pages that are not JSON. */
  readonly cursor: string | undefined
  readonly body: Buffer
}

/** Sekoia's API beyond what the gateway itself reads of it. */
export interface RawUpstream {
  /**
   * `read` turns a success (status 200 to 299) into a value; what it throws makes the answer unusable, which is worth
   * one more attempt. Answers of status 400 to 499 are given as they are.
   *
   * @throws GatewayError: `throttled` when Sekoia limits the rate for longer than can be waited; for writes with a
   *   detail that says whether anything may have been changed.
   */
  ask<T>(
    caller: Caller,
    request: RawRequest,
    read: (answer: RawAnswer) => T
  ): Promise<T | RawRefusal>
}

/** An answer of status 400 to 499. */
export interface RawRefusal {
  readonly refused: RawAnswer
}

export const isRawRefusal = (value: unknown): value is RawRefusal =>
  typeof value === 'object' && value !== null && 'refused' in value
