import { GatewayError } from '../kernel/errors.ts'
import type { Position } from '../kernel/records.ts'
import { toTs6 } from '../stix/timestamp.ts'
import { agrees, type Match } from './match.ts'
import type { Mode } from './modes.ts'
import type { Endpoint } from './parameters.ts'
import type { TaxiiQuery } from './query.ts'
import { decodeToken, hashMatch, type NextToken } from './token.ts'

/** How the `next` of a request was used; log and metrics use these words. */
export type NextTokenUse = 'none' | 'continued' | 'restarted' | 'ignored'

/** Where a page starts and what it filters by. */
export interface PageStart {
  /** Exclusive, ms since the epoch. */
  readonly addedAfter: number | undefined
  readonly position: Position | undefined
  readonly match: Match
  /** What the date headers say when the page is empty (D-1), TS6. */
  readonly emptyDate: string
  readonly token: NextTokenUse
}

/** The endpoint and collection of a request; a token must be of the same. */
export interface TokenPlace {
  readonly endpoint: Endpoint
  readonly collectionId: string
}

/**
 * Decides where a page starts, from the query and its `next` (D-9, CLIENT-2.3). A token of another collection or with
 * another `added_after` loses its position but still counts as a lower bound: the client may get repeats, but misses
 * nothing.
 *
 * @throws GatewayError `malformed` in strict mode, for a token that is altered or does not belong to the query
 */
export function resume(selection: TaxiiQuery, place: TokenPlace, mode: Mode): PageStart {
  if (selection.next === undefined) return begin(selection, selection.addedAfter?.millis, 'none')
  const token = decodeToken(selection.next)
  if (!token) return refuse(selection, mode, 'not a token of this server, or altered')
  if (token.endpoint !== place.endpoint) return refuse(selection, mode, 'made by another endpoint')
  if (token.collectionId !== place.collectionId || movesOn(selection, token)) {
    return begin(selection, selection.addedAfter?.millis ?? token.addedAfter, 'restarted')
  }
  const match = continuedMatch(selection.match, token)
  if (!match) return refuse(selection, mode, 'made for other match parameters')
  return {
    ...begin(selection, token.addedAfter, 'continued'),
    match,
    position: token.position,
    ...(token.position && { emptyDate: toTs6(token.position.date) })
  }
}

function begin(
  selection: TaxiiQuery,
  addedAfter: number | undefined,
  token: NextTokenUse
): PageStart {
  const given = selection.addedAfter
  return {
    addedAfter,
    position: undefined,
    match: selection.match,
    emptyDate: given?.ts6 ?? toTs6(addedAfter ?? 0),
    token
  }
}

function refuse(selection: TaxiiQuery, mode: Mode, reason: string): PageStart {
  if (mode.lenientNext) return begin(selection, selection.addedAfter?.millis, 'ignored')
  throw new GatewayError('malformed', {
    detail: `next: ${reason}. Start again with added_after and without next.`
  })
}

/** If a client sends `next` together with the date of the last object it saw (R5), the token decides. */
const movesOn = ({ addedAfter }: TaxiiQuery, { addedAfter: since, position }: NextToken): boolean =>
  addedAfter !== undefined && addedAfter.millis !== since && addedAfter.millis !== position?.date

/** The filters of the page: what the request leaves out comes from the token. Undefined if they disagree. */
function continuedMatch(given: Match, { match: held }: NextToken): Match | undefined {
  if ('hash' in held) return hashMatch(given).hash === held.hash ? given : undefined
  return agrees(given, held) ? held : undefined
}
