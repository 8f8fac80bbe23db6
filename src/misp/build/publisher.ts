import { isDeepStrictEqual } from 'node:util'
import { giveWayIfDue, inPieces } from '../../kernel/give-way.ts'
import type { Clock, Meter } from '../../kernel/ports.ts'
import { listOf, markingRefsOf } from '../../stix/object.ts'
import {
  type Bucket,
  decodeBucket,
  emptyBucket,
  encodeBucket,
  isBarren,
  isReportBucket,
  parseBucketName,
  pruneRows,
  rowsOf
} from '../events/bucket.ts'
import { type DerivedBucket, type DerivedRow, derive } from '../events/derive.ts'
import { type RenderedEvent, renderBucket } from '../events/event.ts'
import { hashesOf, linesOf } from '../events/hashes.ts'
import type { Head } from '../events/head.ts'
import { toManifest, totalsOf } from '../events/manifest.ts'
import type { PublishedEvent } from '../events/overflow.ts'
import type { Row } from '../events/source-row.ts'
import { coverageOf, tallyOf } from '../events/tally.ts'
import { feedNamespace } from '../events/uuids.ts'
import { attributeCount, type Distribution, orgc, parseFile, toFile } from '../events/wire.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { bucketsDue, eventsDue } from './due.ts'
import { decodeFile, encodeFile, unpack } from './files.ts'
import { IndicatorIndex } from './indicator-index.ts'
import { isIndicator, namesOn } from './intake.ts'
import type { ReferenceNames } from './reference-names.ts'
import { issueTimestamp, type Published } from './state.ts'
import { Batch, type FeedTables } from './tables.ts'

export interface PublisherSettings {
  /** How long an expired value stays visible, ms. */
  readonly expiredMs: number
  /** How long what was taken back stays announced, ms. */
  readonly tombstoneMs: number
  /** False when events of reports have no copies of their indicators. */
  readonly reportCopies?: boolean
  /** See timestamps.ts `Moment`. */
  readonly marginSeconds: number
  /** Within this time every event is stamped anew, ms; 0 is never. See timestamps.ts `restampAt`. */
  readonly restampMs: number
  /** See event.ts `RenderOptions`. */
  readonly distribution?: Distribution | undefined
  /** Bytes committed at a time, more or less: what is published stays readable all the while. */
  readonly commitBytes: number
}

export interface PublisherDeps {
  readonly feedId: string
  readonly documents: FeedTables
  readonly names: ReferenceNames
  readonly mapping: Mapping
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: PublisherSettings
  /** Called before each commit, so that nobody else takes over meanwhile. */
  readonly renew: () => Promise<void>
}

/** OpenCTI builds no relationships from here on (MISP-2). */
const maxAttributes = 9_999
/** From here on an event is a burden to MISP (MISP-4). */
const largeEvent = 5_000
const largeManifest = 10_000
interface Pass {
  readonly now: number
  /** Uuids of events to be stamped anew. */
  readonly restamped: ReadonlySet<string>
}

/**
 * Makes the events agree with the buckets. Events are committed first and the manifest last, so that the manifest
 * never lists what is not there, and a crash leaves it as it was (MISP-4).
 */
export class Publisher {
  readonly #parts: PublisherDeps
  readonly #published: Published
  readonly #links: IndicatorIndex
  #changes = new Batch()
  /** Events of which nothing is left. */
  readonly #dropped: string[] = []
  /** True when the sum is to be committed. */
  #isSumNew = false

  constructor(parts: PublisherDeps, published: Published) {
    this.#parts = parts
    this.#links = new IndicatorIndex(parts.documents)
    this.#published = published
  }

  /** The number of events that changed. Throws OvertakenError, and whatever the store throws. */
  async publish(): Promise<number> {
    const { state, heads } = this.#published
    const now = this.#parts.clock.now()
    const byBucket = Map.groupBy(heads.values(), ({ bucket }) => bucket)
    let changed = 0
    const restamped = eventsDue(heads, this.#parts.settings.restampMs, now)
    const due = bucketsDue(this.#published, restamped, now)
    for (const name of due) {
      changed += await this.#publishBucket(name, byBucket.get(name) ?? [], { now, restamped })
      // Committed with the first events: after a crash here the next gateway knows that the manifest is still due.
      if (changed > 0 || this.#dropped.length > 0 || state.isBuilt !== state.isFilled)
        state.isManifestCurrent = false
      if (this.#changes.isFull(this.#parts.settings.commitBytes)) await this.#commit()
    }
    if (due.length > 0) state.publications++
    await this.#sum()
    if (!state.isManifestCurrent) await this.#publishManifest(now)
    else await this.#commit()
    return changed
  }

  async #publishBucket(
    name: string,
    heads: readonly Head[],
    { now, restamped }: Pass
  ): Promise<number> {
    const { documents, feedId, settings } = this.#parts
    const { state, dirty } = this.#published
    const [stored] = await documents.get('bucket', [name])
    const bucket = stored ? await decodeBucket(name, stored) : emptyBucket(name)
    const derived = await this.#derive(bucket)
    await this.#count(bucket, derived, now)
    const work = renderBucket(derived, await this.#eventsOf(heads), {
      now,
      namespace: feedNamespace(feedId, parseBucketName(name).layout),
      title: state.title,
      expiredMs: settings.expiredMs,
      tombstoneSeconds: settings.tombstoneMs / 1000,
      reportCopies: settings.reportCopies !== false,
      maxAttributes,
      marginSeconds: settings.marginSeconds,
      distribution: settings.distribution,
      restamped,
      issue: () => issueTimestamp(state, now, settings.marginSeconds)
    })
    const rendered = await inPieces(work)
    for (const event of rendered) await this.#putEvent(name, event)
    await this.#tidy(bucket, stored !== undefined, now)
    this.#changes.delete('dirty', name)
    dirty.delete(name)
    return rendered.filter(({ isChanged, isEmpty }) => isChanged && !isEmpty).length
  }

  async #derive(bucket: Bucket): Promise<DerivedBucket> {
    const { names, mapping } = this.#parts
    const refs = new Set<string>()
    for (const row of rowsOf(bucket)) {
      for (const id of markingRefsOf(row.stix)) refs.add(id)
      for (const id of namesOn(row, mapping)) refs.add(id)
      await giveWayIfDue()
    }
    return inPieces(derive(bucket, mapping, await names.find(refs)))
  }

  async #count(bucket: Bucket, { rows }: DerivedBucket, now: number): Promise<void> {
    if (isReportBucket(bucket.name)) return
    this.#meter(rows.filter(({ id }) => this.#isNew(bucket.rows.get(id)!)))
    const { name } = bucket
    const { tallies } = this.#published
    const tally = await inPieces(tallyOf(bucket, rows, now))
    if (isDeepStrictEqual(tally, tallies.get(name))) return
    if (tally) {
      tallies.set(name, tally)
      this.#changes.putJson('tally', name, tally)
    } else {
      tallies.delete(name)
      this.#changes.delete('tally', name)
    }
  }

  /** The whole sum, which may change when no event does. */
  async #sum(): Promise<void> {
    const { state, tallies } = this.#published
    const coverage = await inPieces(coverageOf(tallies.values()))
    if (isDeepStrictEqual(coverage, state.coverage)) return
    state.coverage = coverage
    this.#isSumNew = true
  }

  /** True for what was read since the last publication. */
  #isNew({ readFor }: Row): boolean {
    return readFor === this.#published.state.publications
  }

  /** What of the mapping an operator is to know of. */
  #meter(rows: readonly DerivedRow[]): void {
    const { meter } = this.#parts
    for (const row of rows) {
      if (row.gone) continue
      const { fallback: reason, attributes, objects } = row
      const isSeen = attributes.length + objects.length > 0
      if (reason && isSeen) meter.count('misp_fallbacks', { reason })
      else if (reason) meter.count('misp_skipped', { reason })
      for (const spelling of row.spellings ?? []) meter.count('misp_spellings', { spelling })
      if (row.hasImpossibleEnd) meter.count('misp_impossible_ends')
    }
  }

  async #eventsOf(heads: readonly Head[]): Promise<PublishedEvent[]> {
    const found = await this.#parts.documents.get(
      'event',
      heads.map(({ uuid }) => uuid)
    )
    const events: PublishedEvent[] = []
    for (const [i, { tlp, part }] of heads.entries()) {
      const file = found[i]
      if (!file) continue
      const event = await inPieces(parseFile(await unpack(decodeFile(file))))
      events.push({ tlp, part, event })
    }
    return events
  }

  async #putEvent(bucket: string, rendered: RenderedEvent): Promise<void> {
    const { event, isChanged, isEmpty } = rendered
    const { heads } = this.#published
    const { uuid } = event
    if (isEmpty) {
      if (heads.delete(uuid)) this.#dropped.push(uuid)
      return
    }
    const hashes = await inPieces(hashesOf(event, rendered.live))
    const head = toHead(bucket, rendered, linesOf(hashes))
    heads.set(uuid, head)
    this.#changes.putJson('head', uuid, head)
    this.#changes.put('hash', uuid, hashes)
    if (!isChanged) return
    if (head.attributes > largeEvent) this.#parts.meter.count('misp_large_events')
    const file = await encodeFile(await inPieces(toFile(event)), Number(event.timestamp))
    this.#changes.put('event', uuid, file)
  }

  /** Forgets rows that can no longer matter, and a bucket that is then empty. */
  async #tidy(bucket: Bucket, isStored: boolean, now: number): Promise<void> {
    const { report } = bucket
    const copied = [...bucket.rows.keys()]
    const pruned = pruneRows(bucket, now, this.#parts.settings)
    if (!isReportBucket(bucket.name)) await this.#links.leaveBucket(pruned, this.#changes)
    else if (report && !bucket.report)
      await this.#links.leaveReport(
        report.stix.id,
        [...listOf(report.stix, 'object_refs').filter(isIndicator), ...copied],
        this.#changes
      )
    if (isBarren(bucket)) this.#changes.delete('bucket', bucket.name)
    else if (isStored && pruned.length > 0)
      this.#changes.put('bucket', bucket.name, await encodeBucket(bucket))
  }

  async #publishManifest(now: number): Promise<void> {
    const { state, heads } = this.#published
    await this.#commit()
    const manifest = await inPieces(toManifest(heads.values()))
    if (heads.size > largeManifest) this.#parts.meter.count('misp_large_manifests')
    this.#changes.put('file', 'manifest', await encodeFile(manifest, 0))
    for (const uuid of this.#dropped)
      for (const table of ['event', 'head', 'hash'] as const) this.#changes.delete(table, uuid)
    Object.assign(state, {
      isManifestCurrent: true,
      isBuilt: state.isFilled,
      publishedAt: now,
      totals: totalsOf(heads.values())
    })
    await this.#commit()
    this.#parts.meter.count('misp_publications')
  }

  async #commit(): Promise<void> {
    if (this.#changes.isEmpty && !this.#isSumNew) return
    this.#isSumNew = false
    const changes = this.#changes
    this.#changes = new Batch()
    changes.putJson('state', 'state', this.#published.state)
    await this.#parts.renew()
    await this.#parts.documents.commit(changes)
  }
}

function toHead(bucket: string, rendered: RenderedEvent, hashes: number): Head {
  const { event, tlp, part, live, changesAt, indicators, merged } = rendered
  return {
    uuid: event.uuid,
    bucket,
    tlp,
    part,
    info: event.info,
    date: event.date,
    tags: event.Tag,
    ...(event.Orgc.uuid !== orgc.uuid && { orgc: event.Orgc }),
    timestamp: event.timestamp,
    attributes: attributeCount(event),
    live: live.size,
    indicators,
    merged,
    hashes,
    changesAt: Number.isFinite(changesAt) ? changesAt : null
  }
}
