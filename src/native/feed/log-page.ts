import { GatewayError } from '../../kernel/errors.ts'
import { giveWayIfDue } from '../../kernel/give-way.ts'
import { type Clock, elapsedOf } from '../../kernel/ports.ts'
import {
  newestVersions,
  type Position,
  type ReadRequest,
  type Records
} from '../../kernel/records.ts'
import { type LogPage, type LogRequest, PageBuilder } from './page-builder.ts'

/** The longest time a page may take, ms: the most patient clients wait 60 s. */
const pageMs = 30_000

/**
 * A full page of a feed's log. Clients take a page that is shorter than asked for the end, so it is shorter only
 * there: a log that cannot be read on, before its end, is a failure.
 *
 * @throws GatewayError as {@link Records.read}
 */
export async function readLogPage(
  records: Records,
  clock: Clock,
  request: LogRequest
): Promise<LogPage> {
  const page = new PageBuilder(request)
  const deadline = elapsedOf(clock) + pageMs
  for (let { addedAfter, position } = request.start; ; ) {
    const result = await records.read(toRead(request, page.wants, addedAfter, position))
    await giveWayIfDue()
    page.add(result)
    await giveWayIfDue()
    if (page.isFull || !result.more) return page.end()
    if (elapsedOf(clock) >= deadline) throw new GatewayError('timeout')
    const isStuck = result.dates.length === 0 && result.position?.date === position?.date
    if (isStuck || !result.position) throw new GatewayError('unavailable')
    addedAfter = undefined
    position = result.position
  }
}

const toRead = (
  { caller, feedId, types, all, continues, signal }: LogRequest,
  limit: number,
  addedAfter: number | undefined,
  position: Position | undefined
): ReadRequest => ({
  caller,
  feedId,
  types,
  all,
  addedAfter,
  position,
  filter: newestVersions,
  limit,
  maxBytes: Number.MAX_SAFE_INTEGER,
  continues,
  signal
})
