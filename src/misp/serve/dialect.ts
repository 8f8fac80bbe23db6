import type { FastifyRequest } from 'fastify'
import type { Answer, Content } from '../../http/answers.ts'
import { type CacheNote, cacheHeaders } from '../../http/cache-use.ts'
import { digestOf } from '../../http/content-digest.ts'
import type { Dialect, Operation } from '../../http/dialect.ts'
import { plainText } from '../../http/errors.ts'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/ports.ts'
import type { Rights } from '../../kernel/records.ts'
import { spaceOf } from '../build/tables.ts'
import { type ListingDeps, toListing } from './listing.ts'
import { described } from './openapi.ts'
import type { Manifest, Publications, PublishedFile } from './publications.ts'
import type { WantedFeed } from './wanted.ts'

export interface MispDeps extends ListingDeps {
  readonly rights: Pick<Rights, 'authorize'>
  readonly publications: Pick<
    Publications,
    'manifest' | 'event' | 'hashes' | 'hashesLeftOut' | 'state'
  >
  readonly settings: MispSettings
}

export interface MispSettings {
  readonly defaultFeedId: string
  /** '' when it is taken from the request. */
  readonly publicUrl: string
  /** How long the first manifest of a feed waits for events, ms. */
  readonly firstWaitMs: number
}

interface FeedParams {
  /** Left out for the default feed. */
  readonly feed?: string
  readonly file: string
}

const json = 'application/json'
const csv = 'text/csv; charset=utf-8'
const eventFile = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.json$/

/**
 * How often the store is looked at while a request waits, ms: another gateway may publish without telling this one.
 */
const lookMs = 1000

/**
 * Each feed as a MISP feed (MISP-1.1): `manifest.json`, `hashes.csv` and a file for each event, under
 * `/misp/{feed}/`, or right under `/misp/` for the default feed; and `/misp/` itself, which lists them. Errors are
 * short plain reasons: the first 100 characters land in MISP's log (MISP-1.5).
 */
export function mispDialect(deps: MispDeps): Dialect {
  const listing: Operation = {
    described: described.list,
    handle: async (request, caller) => toContent(await toListing(request, caller, deps), held)
  }
  const file: Operation = {
    heavy: true,
    handle: (request, caller) => findFile(request, caller, deps)
  }
  return {
    name: 'misp',
    errorForm: plainText,
    representation: 'misp',
    // Each file is complete: a MISP asks for what it lacks at its next pull.
    continues: () => false,
    mounts: [
      {
        prefix: '/misp',
        paths: [
          { url: '/', operations: { GET: listing } },
          { url: '/:file', operations: { GET: { ...file, described: described.defaultFile } } },
          { url: '/:feed/:file', operations: { GET: { ...file, described: described.file } } }
        ]
      }
    ]
  }
}

const toContent = (bytes: Buffer, note: CacheNote): Content => ({
  mediaType: json,
  headers: cacheHeaders(note),
  digest: digestOf([bytes]),
  body: () => [bytes]
})

/** Files are published ahead: Sekoia is asked for none of them. */
const held: CacheNote = { use: 'hit' }

/** `stale`: the last attempt to bring it up to date failed. */
const noteOf = ({ failure, currentAt }: WantedFeed, clock: Pick<Clock, 'now'>): CacheNote => ({
  use: failure ? 'stale' : 'hit',
  ageMs: currentAt === undefined ? undefined : clock.now() - currentAt
})

const toFile = ({ digest, bytes, zstd }: PublishedFile, note: CacheNote): Content => ({
  mediaType: json,
  headers: cacheHeaders(note),
  digest,
  body: () => [bytes],
  encoded: { encoding: 'zstd', bytes: zstd }
})

/** Throws `not-found` for what is no file of a feed. */
async function findFile(request: FastifyRequest, caller: Caller, deps: MispDeps): Promise<Answer> {
  const { feed: given = deps.settings.defaultFeedId, file } = request.params as FeedParams
  const uuid = eventFile.exec(file)?.[1]
  const isKnown = uuid !== undefined || file === 'manifest.json' || file === 'hashes.csv'
  if (!isKnown || !/^[\w-]{1,128}$/.test(given)) throw new GatewayError('not-found')
  const feed = await deps.catalog.resolve(caller, given)
  await deps.rights.authorize(caller, feed.feedId)
  const progress = uuid ? {} : { progress: { more: false, reached: undefined } }
  const fields = { feed: feed.collectionId }
  request.report = { ...request.report, feedId: feed.feedId, ...progress, fields }
  const space = spaceOf(caller, feed.feedId)
  if (uuid) return toFile(await deps.publications.event(space, uuid), held)
  const wanted = deps.feeds.want(caller, feed)
  if (file === 'hashes.csv') return findHashes(space, wanted, deps)
  const manifest = await findManifest(request, space, wanted, deps)
  const note = noteOf(wanted, deps.clock)
  return manifest ? toFile(manifest, note) : toContent(Buffer.from('{}'), { use: 'miss' })
}

/**
 * A request for the manifest or the hashes starts the building of a feed and keeps it going, because a MISP that only
 * caches a feed never asks for the manifest. The first manifest waits a while for the first events. If there are none
 * yet the manifest is empty, and MISP has nothing to do.
 */
async function findManifest(
  request: FastifyRequest,
  space: string,
  wanted: WantedFeed,
  { publications, settings }: MispDeps
): Promise<Manifest | undefined> {
  for (let left = settings.firstWaitMs; ; left -= lookMs) {
    const held = await publications.manifest(space)
    if (held) return held
    if (wanted.failure) throw wanted.failure
    if (left <= 0 || request.signal.aborted) return undefined
    await wanted.nextPublication(Math.min(left, lookMs), request.signal)
  }
}

async function findHashes(
  space: string,
  wanted: WantedFeed,
  { publications, clock }: MispDeps
): Promise<Answer> {
  const file = await publications.hashes(space)
  if (file.length === 0)
    throw new GatewayError('not-found', { detail: 'No value of this feed is published yet' })
  return {
    mediaType: csv,
    headers: cacheHeaders(noteOf(wanted, clock)),
    digest: file.digest,
    length: file.length,
    pieces: () => file.pieces()
  }
}
