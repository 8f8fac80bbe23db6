import { isDeepStrictEqual } from 'node:util'
import { inPieces } from '../../kernel/give-way.ts'
import type { Clock, Meter } from '../../kernel/ports.ts'
import { isReportBucket } from '../events/bucket.ts'
import type { Head } from '../events/head.ts'
import { toManifest, totalsOf } from '../events/manifest.ts'
import { coverageOf } from '../events/tally.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { bucketsDue, eventsDue } from './due.ts'
import { encodeFile } from './files.ts'
import { IndicatorIndex } from './indicator-index.ts'
import { type Maker, type MakerDeps, type MakerThread, makerHere } from './maker.ts'
import type { ReferenceNames } from './reference-names.ts'
import type { MadeCount, Published } from './state.ts'
import type { MadeBucket, MadeEvent, MakingSettings, StoredBucket } from './stored-bucket.ts'
import { Batch, type FeedTables } from './tables.ts'

export interface PublisherSettings extends MakingSettings {
  /** Within this time every event is stamped anew, ms; 0 is never. See timestamps.ts `restampAt`. */
  readonly restampMs: number
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
  /** Makes events beside this thread; left out: all are made here. */
  readonly thread?: Pick<MakerThread, 'maker'> | undefined
  /** Called before each commit, so that nobody else takes over meanwhile. */
  readonly renew: () => Promise<void>
}

/** From here on an event is a burden to MISP (MISP-4). */
const largeEvent = 5_000
const largeManifest = 10_000
/** Fewer buckets are not worth a thread. */
const minForThread = 16

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
    const restamped = eventsDue(heads, this.#parts.settings.restampMs, now)
    const due = bucketsDue(this.#published, restamped, now)
    const changed = await this.#makeAll(due, { now, restamped })
    if (due.length > 0) state.publications++
    this.#published.counted.clear()
    await this.#sum()
    if (!state.isManifestCurrent) await this.#publishManifest(now)
    else await this.#commit()
    return changed
  }

  /** Makes the events of these buckets, to be listed by the next publication. None of them may have events yet. */
  async prepare(names: readonly string[]): Promise<void> {
    await this.#makeAll(names, { now: this.#parts.clock.now(), restamped: new Set() })
    await this.#commit()
  }

  /** While a thread makes one batch, the one before is committed and the next one read. */
  async #makeAll(due: readonly string[], pass: Pass): Promise<number> {
    const maker = this.#makerOf(due, pass)
    let changed = 0
    let underWay: Promise<readonly MadeBucket[]> | undefined
    for await (const stored of this.#read(due, pass, maker.batchBytes)) {
      const made = this.#issued(await underWay)
      underWay = maker.make(stored, this.#published.state.lastIssued)
      // What fails is thrown where it is waited for.
      underWay.catch(() => {})
      if (!maker.isBeside) await underWay
      changed += await this.#takeAll(made)
    }
    return changed + (await this.#takeAll(this.#issued(await underWay)))
  }

  #makerOf(due: readonly string[], { now }: Pass): Maker {
    const { feedId, settings, mapping, names, thread } = this.#parts
    const { title, publications: publication } = this.#published.state
    const parts: MakerDeps = {
      making: { feedId, title, now, publication, settings: makingSettingsOf(settings) },
      mapping,
      find: ids => names.find(ids)
    }
    return thread && due.length >= minForThread ? thread.maker(parts) : makerHere(parts)
  }

  /** What is stored of these buckets, so many bytes at a time. */
  async *#read(
    due: readonly string[],
    { restamped }: Pass,
    bytes: number
  ): AsyncGenerator<readonly StoredBucket[]> {
    const byBucket = Map.groupBy(this.#published.heads.values(), ({ bucket }) => bucket)
    let batch: StoredBucket[] = []
    let size = 0
    for (const name of due) {
      const stored = await this.#stored(name, byBucket.get(name) ?? [], restamped)
      batch.push(stored)
      size += sizeOf(stored)
      if (size < bytes) continue
      yield batch
      batch = []
      size = 0
    }
    if (batch.length > 0) yield batch
  }

  async #stored(
    name: string,
    heads: readonly Head[],
    restamped: ReadonlySet<string>
  ): Promise<StoredBucket> {
    const { documents } = this.#parts
    const uuids = heads.map(({ uuid }) => uuid)
    const [rows] = await documents.get('bucket', [name])
    const files = await documents.get('event', uuids)
    return {
      name,
      rows,
      published: heads.flatMap(({ tlp, part }, i) => {
        const file = files[i]
        return file ? [{ tlp, part, file }] : []
      }),
      restamped: uuids.filter(uuid => restamped.has(uuid))
    }
  }

  /** The next batch has its timestamps after those of this one. */
  #issued(made: readonly MadeBucket[] = []): readonly MadeBucket[] {
    const last = made.at(-1)
    if (last) this.#published.state.lastIssued = last.lastIssued
    return made
  }

  async #takeAll(made: readonly MadeBucket[]): Promise<number> {
    const { state } = this.#published
    let changed = 0
    for (const bucket of made) {
      changed += await this.#take(bucket)
      // Committed with the first events: after a crash here the next gateway knows that the manifest is still due.
      if (changed > 0 || this.#dropped.length > 0 || state.isBuilt !== state.isFilled)
        state.isManifestCurrent = false
      if (this.#changes.isFull(this.#parts.settings.commitBytes)) await this.#commit()
    }
    return changed
  }

  /** The number of its events that changed. */
  async #take(made: MadeBucket): Promise<number> {
    const { name, pruned, leftReport, rows } = made
    this.#count(made)
    for (const event of made.events) this.#putEvent(event)
    if (!isReportBucket(name)) await this.#links.leaveBucket(pruned, this.#changes)
    else if (leftReport)
      await this.#links.leaveReport(leftReport.id, leftReport.indicators, this.#changes)
    if (made.isBarren) this.#changes.delete('bucket', name)
    else if (rows) this.#changes.put('bucket', name, rows)
    this.#changes.delete('dirty', name)
    this.#published.dirty.delete(name)
    return made.events.filter(({ isChanged, made }) => isChanged && made).length
  }

  #count({ name, counts, tally }: MadeBucket): void {
    const { tallies } = this.#published
    this.#meter(name, counts)
    if (isDeepStrictEqual(tally, tallies.get(name))) return
    if (tally) {
      tallies.set(name, tally)
      this.#changes.putJson('tally', name, tally)
    } else {
      tallies.delete(name)
      this.#changes.delete('tally', name)
    }
  }

  /** What was counted when events were made ahead is not counted again. */
  #meter(bucket: string, counts: readonly MadeCount[]): void {
    const { counted } = this.#published
    const before = counted.get(bucket) ?? []
    for (const { name, labels, by } of counts) {
      const same = before.find(other =>
        isDeepStrictEqual([other.name, other.labels], [name, labels])
      )
      const more = by - (same?.by ?? 0)
      if (more > 0) this.#parts.meter.count(name, labels, more)
    }
    if (counts.length > 0) counted.set(bucket, counts)
  }

  #putEvent({ uuid, made, file }: MadeEvent): void {
    const { heads } = this.#published
    if (!made) {
      if (heads.delete(uuid)) this.#dropped.push(uuid)
      return
    }
    const { head, hashes } = made
    heads.set(uuid, head)
    this.#changes.putJson('head', uuid, head)
    this.#changes.put('hash', uuid, hashes)
    if (!file) return
    if (head.attributes > largeEvent) this.#parts.meter.count('misp_large_events')
    this.#changes.put('event', uuid, file)
  }

  /** The whole sum, which may change when no event does. */
  async #sum(): Promise<void> {
    const { state, tallies } = this.#published
    const coverage = await inPieces(coverageOf(tallies.values()))
    if (isDeepStrictEqual(coverage, state.coverage)) return
    state.coverage = coverage
    this.#isSumNew = true
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

/** Alone what is needed: it goes to a thread. */
const makingSettingsOf = ({
  expiredMs,
  tombstoneMs,
  reportCopies = true,
  marginSeconds,
  distribution
}: PublisherSettings): MakingSettings => ({
  expiredMs,
  tombstoneMs,
  reportCopies,
  marginSeconds,
  distribution
})

const sizeOf = ({ rows, published }: StoredBucket): number =>
  published.reduce((sum, { file }) => sum + file.length, rows?.length ?? 0)
