import { GatewayError } from '../kernel/errors.ts'
import type { Position } from '../kernel/records.ts'
import { toTs6 } from '../stix/timestamp.ts'
import { agrees, type Match } from './match.ts'
import type { Mode } from './modes.ts'
import type { Endpoint, TaxiiQuery } from './query.ts'
import { decodeToken, hashMatch, type NextToken } from './token.ts'

/** What became of the `next` of a request; logs and metrics use these words. */
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

/** The place a request is at, to hold a token against. */
export interface TokenPlace {
  readonly endpoint: Endpoint
  readonly collectionId: string
}

/**
 * The start of a page from the query and its `next` (D-9, CLIENT-2.3). A token of another collection or
 * with another `added_after` loses its position, never its meaning as "not before": clients repeat, no hole.
 *
 * @throws GatewayError `malformed` in strict mode, for a token that is altered or out of its query.
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

/** Clients send the last date they saw with the token that goes on behind it (R5): there the token decides. */
const movesOn = ({ addedAfter }: TaxiiQuery, { addedAfter: since, position }: NextToken): boolean =>
  addedAfter !== undefined && addedAfter.millis !== since && addedAfter.millis !== position?.date

/** The filters to go on with: what the request leaves out comes from the token. Undefined: they disagree. */
function continuedMatch(given: Match, { match: held }: NextToken): Match | undefined {
  if ('hash' in held) return hashMatch(given).hash === held.hash ? given : undefined
  return agrees(given, held) ? held : undefined
}
