import { setTimeout } from 'node:timers/promises'
import type { Config } from '../config/load.ts'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import { asking, leadingOn } from '../kernel/leading-on.ts'
import type { Upstream } from '../kernel/ports.ts'
import { toInstant } from '../stix/timestamp.ts'
import { type GatewayApi, openApi, urlHelp, urlOption } from './api.ts'
import { type Compared, type Difference, IdComparison } from './id-comparison.ts'
import { type Command, CommandError, type Io, type Values } from './io.ts'
import { LoopMark } from './loop-mark.ts'
import { callerOf, configOf, demandKey, openSekoia } from './settings.ts'
import { type ManifestRecord, walkGateway } from './taxii-walk.ts'

const pageLimit = 2000
const maxShown = 100
/** How often what is missing is looked for again at the end, where new objects come. */
const looks = 3

export const verify: Command = {
  summary: 'walks a feed at Sekoia and at a running gateway, and tells what the gateway lacks',
  arguments: ['FEED'],
  options: { json: { type: 'boolean' }, ...urlOption },
  help: `  FEED        id of the feed
${urlHelp}
  --json      as JSON, with the ids of the first 10,000 that are missing
The key is read from SEKOIA_API_KEY or SEKOIA_API_KEY_FILE. Memory is bounded: ids wait in the directory for temporary
files, and more than 10,000 differences are counted, not listed.
Exit code: 0 when nothing is missing, 1 when something is, 2 when a walk could not be finished.`,
  async run({ values, positionals: [feed = ''] }, io) {
    const found = await verifyFeed(feed, values, io)
    io.out(values['json'] ? toJson(found) : toText(found))
    return found.missing + found.outdated === 0 ? 0 : 1
  }
}

interface Verified {
  readonly feed: string
  readonly sekoia: number
  readonly gateway: number
  readonly missing: number
  readonly outdated: number
  /** The first of them. */
  readonly differences: readonly Difference[]
}

async function verifyFeed(feed: string, values: Values, io: Io): Promise<Verified> {
  const config = configOf(io)
  const caller = callerOf(demandKey(io))
  const api = openApi(config, io, values, false)
  const comparison = new IdComparison()
  const sekoia = openSekoia(config, io)
  try {
    await readSekoia(sekoia, caller, feed, comparison, io)
    const lastDate = await readGateway(api, config, feed, comparison, io)
    const compared = comparison.compare()
    const left = await lookAgain(api, config, feed, lastDate, compared.differences)
    return toVerified(feed, compared, left)
  } finally {
    await sekoia.close()
    comparison.close()
  }
}

/** A cursor that stands still, or none, is the end, and so are two empty pages; a short page is not. */
async function readSekoia(
  sekoia: Pick<Upstream, 'page'>,
  caller: Caller,
  feedId: string,
  comparison: IdComparison,
  io: Io
): Promise<void> {
  let count = 0
  let empty = 0
  const mark = new LoopMark()
  for (let cursor: string | undefined; empty < 2; ) {
    const request = { feedId, types: [], limit: pageLimit, ...(cursor !== undefined && { cursor }) }
    const { page } = await leadingOn(asking(sekoia, caller, request), pageLimit).catch(
      toCommandError
    )
    for (const { id, modified, created } of page.entries)
      comparison.add('sekoia', id, modified ?? created ?? '')
    count += page.entries.length
    io.err(`Sekoia: ${count} objects read`)
    const { nextCursor, itemCount } = page
    if (nextCursor === null || nextCursor === cursor) return
    if (mark.isBack(nextCursor)) throw new CommandError('Sekoia gave a cursor that leads back')
    empty = itemCount === 0 ? empty + 1 : 0
    cursor = nextCursor
  }
}

function toCommandError(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error
  throw new CommandError(`Sekoia: ${error.detail ?? error.title}`)
}

/** Resolves with the date from which the gateway is polled on; undefined when it gave nothing. */
async function readGateway(
  api: GatewayApi,
  config: Config,
  feed: string,
  comparison: IdComparison,
  io: Io
): Promise<string | undefined> {
  let count = 0
  let last: string | undefined
  const pages = walkGateway<ManifestRecord>(api, config, feed, { endpoint: 'manifest' })
  for await (const { objects, lastDate } of pages) {
    for (const { id, version } of objects) comparison.add('gateway', id, version)
    count += objects.length
    last = lastDate ?? last
    io.err(`gateway: ${count} records read`)
  }
  return last
}

/** What became visible a moment ago comes with the next polls: a confirmed end counts for `tipSeconds`. */
async function lookAgain(
  api: GatewayApi,
  config: Config,
  feed: string,
  from: string | undefined,
  differences: readonly Difference[]
): Promise<readonly Difference[]> {
  const left = new Map(differences.map(difference => [difference.id, difference]))
  let addedAfter = from
  for (let look = 0; look < looks && left.size > 0; look++) {
    await setTimeout((config.feedLog.tipSeconds + 1) * 1000)
    const pages = walkGateway<ManifestRecord>(api, config, feed, {
      endpoint: 'manifest',
      addedAfter
    })
    for await (const { objects, lastDate } of pages) {
      addedAfter = lastDate ?? addedAfter
      for (const { id, version } of objects) {
        const lacking = left.get(id)
        if (lacking && (toInstant(version) ?? version) >= lacking.version) left.delete(id)
      }
    }
  }
  return [...left.values()]
}

function toVerified(
  feed: string,
  { counts, further }: Compared,
  differences: readonly Difference[]
): Verified {
  const numberOf = (wanted: Difference['kind']) =>
    differences.filter(({ kind }) => kind === wanted).length + further[wanted]
  return {
    feed,
    ...counts,
    missing: numberOf('missing'),
    outdated: numberOf('outdated'),
    differences
  }
}

const toJson = ({ differences, ...counts }: Verified): string =>
  JSON.stringify(
    { ...counts, differences: differences.map(({ id, kind }) => ({ id, kind })) },
    null,
    2
  )

function toText({ feed, sekoia, gateway, missing, outdated, differences }: Verified): string {
  const lines = [`feed ${feed}`, `Sekoia   ${sekoia} objects`, `gateway  ${gateway} objects`]
  if (missing + outdated === 0) return [...lines, 'Nothing is missing.'].join('\n')
  const shown = differences.slice(0, maxShown).map(({ kind, id }) => `${kind}  ${id}`)
  const more = missing + outdated - shown.length
  const rest = more > 0 ? [`… and ${more} more: see --json`] : []
  return [...lines, `${missing} missing, ${outdated} outdated:`, ...shown, ...rest].join('\n')
}
