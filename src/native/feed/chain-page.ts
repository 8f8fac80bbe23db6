import type { Answer } from '../../http/answers.ts'
import type { RawAnswer } from '../../kernel/raw-upstream.ts'
import { slicePage } from '../../stix/slice.ts'
import { toMillis } from '../../stix/timestamp.ts'
import type { Found } from '../cache/kept-answers.ts'
import { policies } from '../cache/policy.ts'
import type { Asked, NativeDeps } from '../relay/deps.ts'
import { demandItems, demandList } from '../relay/json-check.ts'
import { keep } from '../relay/keep.ts'
import { targetName } from '../relay/names.ts'
import { rawQuery } from '../relay/raw-query.ts'
import { beginning, decodeCursor, encodeTime } from './cursor.ts'

/** Feed pages may take longer than look-ups. */
const pageMs = 30_000

const maxLimit = 2000

/** Among objects younger than this others may still become visible. */
const lateMs = 3_600_000

/**
 * A page that no log has: Sekoia's own, in a chain of its own with Sekoia's cursors, shared by all who ask the same
 * with the same key. What the parameters leave out may change at any moment, so such pages are kept for seconds.
 */
export function chainPage(deps: NativeDeps, ask: Asked, isOldestFirst: boolean): Promise<Answer> {
  const { target, request } = ask
  const { feed = '' } = request.params as { readonly feed?: string }
  const query = new URLSearchParams(rawQuery(target))
  const isForward = isOldestFirst && !query.has('latest')
  const isStable = isForward && leavesNothingOut(query)
  return keep(deps, ask, {
    endpoint: 'page',
    policy: isList(query) ? policies.edl : policies.page,
    name: targetName('page', target),
    right: feed,
    waitMs: pageMs,
    read: answer =>
      readPage(answer, query, {
        isForward,
        isStable,
        settledBefore: deps.clock.now() - lateMs,
        repair: deps.settings.repair
      })
  })
}

const isList = (query: URLSearchParams): boolean => !['json', null].includes(query.get('format'))

const leavesNothingOut = (query: URLSearchParams): boolean =>
  !/^(?:false|0)$/i.test(query.get('include_revoked') ?? '') &&
  !/^(?:true|1)$/i.test(query.get('skip_expired') ?? '')

interface PageKind {
  /** Oldest first. */
  readonly isForward: boolean
  /** True when a full page stays what it is, but for objects that move on. */
  readonly isStable: boolean
  /** Pages that end with an older object hold all that they will ever hold, ms since the epoch. */
  readonly settledBefore: number
  readonly repair: boolean
}

function readPage(answer: RawAnswer, query: URLSearchParams, kind: PageKind): Found {
  if (!/\bjson\b/i.test(answer.contentType)) {
    demandList(answer)
    return { isMiss: false }
  }
  const items = demandItems(answer)
  const limit = Math.min(Number(query.get('limit') ?? 100) || 100, maxLimit)
  const isSettled = items.length >= limit && endOf(items) < kind.settledBefore
  return { isMiss: !kind.isStable || !isSettled, answer: mended(answer, items, query, kind) }
}

/** Repaired as the pages of the log are; with a cursor that clients can go on with. */
function mended(
  answer: RawAnswer,
  items: readonly unknown[],
  query: URLSearchParams,
  { isForward, repair }: PageKind
): RawAnswer {
  const sent = query.get('cursor')?.replaceAll(' ', '+') || undefined
  const { next_cursor: given } = JSON.parse(answer.body.toString()) as { next_cursor?: unknown }
  const isUsable = typeof given === 'string' && (items.length === 0 || leadsOn(given, items, sent))
  if (!repair && isUsable) return answer
  const next = isUsable ? given : (cursorAfter(items, sent) ?? (isForward ? start : null))
  const { bytes } = slicePage(answer.body, { repair })
  const end = Buffer.from(`],"next_cursor":${JSON.stringify(next)}}`)
  return { ...answer, body: Buffer.concat([Buffer.from('{"items":['), bytes, end]) }
}

/** True unless a cursor leads back to what the page holds, or before it. */
function leadsOn(given: string, items: readonly unknown[], sent: string | undefined): boolean {
  const decoded = decodeCursor(given)
  const last = timeOf(items.at(-1))
  const leadsBack = decoded.kind === 'time' && last !== undefined && decoded.text < last
  return given !== sent && !leadsBack
}

/** The time of the last object; Infinity where it cannot be read. */
const endOf = (items: readonly unknown[]): number =>
  toMillis(timeOf(items.at(-1)) ?? '') ?? Number.POSITIVE_INFINITY

/** Sekoia named none, or the one it was asked with: the time of the last object is one that it takes. */
function cursorAfter(items: readonly unknown[], sent: string | undefined): string | undefined {
  const time = timeOf(items.at(-1))
  return time === undefined ? sent : encodeTime(time)
}

/** Of a feed that has no objects yet. */
const start = encodeTime(beginning)

function timeOf(item: unknown): string | undefined {
  const { modified, created } = (item ?? {}) as { modified?: unknown; created?: unknown }
  const time = modified ?? created
  return typeof time === 'string' ? time : undefined
}
