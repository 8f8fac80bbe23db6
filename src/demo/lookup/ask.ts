/** What a route of the API is asked, and the usual answers. */
import type { KeyState } from '../access.ts'
import type { Reply } from '../delivery.ts'
import type { Fault } from '../faults.ts'
import { jsonBody } from '../feeds/formats.ts'
import { parseWindow } from '../object-routes.ts'
import { Problem } from '../problem.ts'
import type { World } from '../world.ts'

export interface Ask {
  readonly method: string
  /** What the groups of the route's path matched. */
  readonly params: readonly string[]
  readonly query: URLSearchParams
  readonly key: KeyState
  /** The request's body. */
  readonly text: string
  readonly fault: Fault | undefined
}

export type Answerer = (world: World, ask: Ask) => Reply

export const ok = (value: object): Reply => ({
  status: 200,
  body: jsonBody(JSON.stringify(value))
})

/** The part of a list that `limit` and `offset` ask for, as `{items, total, has_more}`. @throws Problem 400 */
export function listing<T>(all: readonly T[], query: URLSearchParams, show: (item: T) => unknown) {
  const { limit, offset } = parseWindow(query)
  const items = all.slice(offset, offset + limit).map(show)
  return ok({ items, total: all.length, has_more: all.length > offset + limit })
}

/** The members of a JSON object in the body; none for an empty one. @throws Problem 400 */
export function bodyMembers(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text || '{}')
    if (value && typeof value === 'object') return value as Record<string, unknown>
  } catch {}
  throw new Problem(400, 'The body is not a JSON object')
}
