import type { FeedState } from './state.ts'

/** Clocks of gateways on one store may differ by this much. */
const allowedMs = 10_000

/**
 * Undoes what a clock that was ahead made of a feed, once the clock was put right: values that it let expire, rows that
 * it forgot, walks that it put off. The feed is read from its start and walked, and all events are made again. Their
 * timestamps go on from the newest that was issued, so that a MISP takes over what changed.
 *
 * @param now ms since the epoch
 */
export function putRight(state: FeedState, now: number): void {
  if (Math.max(state.publishedAt, state.walkedAt, state.startedAt) <= now + allowedMs) return
  Object.assign(state, {
    startedAt: Math.min(state.startedAt, now),
    publishedAt: Math.min(state.publishedAt, now),
    walkedAt: 0,
    derivation: '',
    position: undefined,
    addedAfter: undefined,
    isFilled: false
  })
}
