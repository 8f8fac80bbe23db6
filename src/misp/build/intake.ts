import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { giveWayIfDue } from '../../kernel/give-way.ts'
import type { Meter } from '../../kernel/ports.ts'
import {
  dayOf,
  isRevoked,
  listOf,
  markingRefsOf,
  type StixObject,
  textOf
} from '../../stix/object.ts'
import {
  addIndicated,
  type Bucket,
  dayBucket,
  decodeBucket,
  emptyBucket,
  encodeBucket,
  isBarren,
  isOfLayout,
  isReportBucket,
  putNote,
  putOutsider,
  putReport,
  putRow,
  reportBucket
} from '../events/bucket.ts'
import {
  isChangedSince,
  isLive,
  type Reading,
  type Row,
  spanOf,
  toOutsider,
  toRow
} from '../events/source-row.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { isWellKnownMarking } from '../mapping/tags/tags.ts'
import { skippedTypes } from '../mapping/values/fallbacks.ts'
import { putLink } from './indicator-index.ts'
import type { ReferenceNames } from './reference-names.ts'
import { isIndicator, namesOn } from './references.ts'
import type { Link } from './state.ts'
import type { Batch, FeedTables } from './tables.ts'

/** Types of objects that are needed only for their names, as tags. */
const named = new Set([
  'attack-pattern',
  'campaign',
  'course-of-action',
  'identity',
  'infrastructure',
  'intrusion-set',
  'location',
  'malware',
  'marking-definition',
  'threat-actor',
  'tool',
  'vulnerability'
])

export interface IntakeDeps {
  readonly caller: Caller
  readonly documents: FeedTables
  readonly names: ReferenceNames
  readonly meter: Meter
  readonly layout: number
  /** Indicators created before this day are left out; '' leaves out none. */
  readonly since: string
  /** Says which names are wanted. */
  readonly mapping: Pick<Mapping, 'refs'>
  /** Of all that is taken in. */
  readonly reading: Reading
  /** Commits changes, and clears them, when they have become many. */
  readonly spill: (changes: Batch) => Promise<void>
}

export interface Flushed {
  /** Names of buckets that changed. */
  readonly dirtied: readonly string[]
  /** Ids that Sekoia could not be asked about, each with a bucket that refers to it. */
  readonly wanted: readonly (readonly [string, string])[]
}

/** A change to one bucket. Returns false if the bucket has it already. */
type Change = (bucket: Bucket) => boolean

/**
 * Takes objects in the order of the feed and assigns them to their buckets. Nothing is written before {@link flush}.
 */
export class Intake {
  readonly #parts: IntakeDeps
  readonly #links = new Map<string, Link>()
  readonly #changedLinks = new Set<string>()
  readonly #changes = new Map<string, Change[]>()
  /** Ids of indicators to be copied into reports, by the bucket they lie in. */
  readonly #copies = new Map<string, { readonly id: string; readonly report: string }[]>()
  readonly #named: StixObject[] = []
  /** Ids referred to, with the buckets that do. */
  readonly #references = new Map<string, Set<string>>()
  readonly #dirtied: string[] = []
  /** Changes that wait for {@link flush}. */
  size = 0

  constructor(parts: IntakeDeps) {
    this.#parts = parts
  }

  /**
   * @param changes what was learnt of markings goes there
   * @param texts what the objects were parsed from. Indicators then wait for {@link flush} as copies of these: with
   *   their many small parts ten thousand of them would keep the collector of garbage busy.
   * @throws GatewayError `unavailable` when a marking is not known and Sekoia cannot be asked: without it the level
   *   of what it marks could be taken too low. Nothing of these objects is taken then.
   */
  async take(
    objects: readonly StixObject[],
    changes: Batch,
    texts: readonly Buffer[] = []
  ): Promise<void> {
    await this.#resolveMarkings(objects, changes)
    await this.#loadLinks(objects)
    for (const [i, object] of objects.entries()) {
      this.#takeOne(object, texts[i])
      const pause = giveWayIfDue()
      if (pause) await pause
    }
  }

  /**
   * Puts all that was taken into `changes`. One bucket at a time is in memory. If there is much, buckets are
   * committed on the way; taking the same objects again after a crash changes nothing. Links come last, because they
   * say that the rest is there.
   */
  async flush(changes: Batch): Promise<Flushed> {
    const { caller, names } = this.#parts
    names.learn(this.#named, changes)
    for (const [bucket, copies] of this.#copies) {
      if (!this.#changes.has(bucket) && copies.length > 0) this.#changes.set(bucket, [])
    }
    const days = [...this.#changes.keys()].filter(name => !isReportBucket(name))
    for (const name of days) await this.#apply(name, changes)
    const reports = [...this.#changes.keys()].filter(isReportBucket)
    for (const name of reports) await this.#apply(name, changes)
    // In the order of the store, so that each of its pages is written in few commits.
    for (const id of [...this.#changedLinks].sort()) {
      putLink(id, this.#link(id), changes)
      await this.#parts.spill(changes)
    }
    const unresolved = await names.resolve(caller, this.#references.keys(), changes)
    const wanted = unresolved.flatMap(id =>
      [...this.#references.get(id)!].map((bucket): [string, string] => [id, bucket])
    )
    return { dirtied: this.#dirtied, wanted }
  }

  async #resolveMarkings(objects: readonly StixObject[], changes: Batch): Promise<void> {
    const { names, caller } = this.#parts
    const ids = new Set(objects.flatMap(markingRefsOf))
    const unresolved = await names.resolve(caller, ids, changes)
    if (unresolved.some(id => !isWellKnownMarking(id))) throw new GatewayError('unavailable')
  }

  async #loadLinks(objects: readonly StixObject[]): Promise<void> {
    const ids = new Set(objects.flatMap(linkedOf).filter(id => !this.#links.has(id)))
    const found = await this.#parts.documents.getJson<Link>('link', [...ids])
    for (const id of ids) {
      const { bucket = '', ...link } = found.get(id) ?? {}
      const isCurrent = isOfLayout(bucket, this.#parts.layout)
      this.#links.set(id, isCurrent ? { bucket, ...link } : link)
      // A bucket of another layout is as good as none.
      if (bucket !== '' && !isCurrent) this.#changedLinks.add(id)
    }
  }

  #takeOne(object: StixObject, text?: Buffer): void {
    if (named.has(object.type)) this.#named.push(object)
    else if (object.type === 'indicator') this.#takeIndicator(object, text)
    else if (object.type === 'relationship') this.#takeRelationship(object)
    else if (object.type === 'report') this.#takeReport(object)
    else if (object.type === 'note') this.#takeNote(object)
    // As one, where there may be any number of types.
    else this.#skip(skippedTypes.includes(object.type) ? object.type : 'other-type')
  }

  #skip(reason: string): void {
    this.#parts.meter.count('misp_skipped', { reason })
  }

  #takeIndicator(object: StixObject, text: Buffer | undefined): void {
    const { layout, reading, mapping } = this.#parts
    const { vanished, ...link } = this.#link(object.id)
    const { subjects } = link
    const toItsRow = (of: StixObject) => stillGone(toRow(of, reading, subjects), vanished)
    const row = toItsRow(object)
    const day = dayOf(object)
    const obstacle = this.#obstacleTo(row, day, link)
    if (obstacle) {
      this.#skip(obstacle)
      this.#updateCopies(row, link)
      if (obstacle === 'outside-window' && !link.bucket) this.#putOutside(row, link, vanished)
      return
    }
    // It never was live here.
    if (row.gone && !link.bucket) this.#skip('revoked')
    const bucket = link.bucket ?? dayBucket(layout, day, object.id)
    if (!link.bucket || vanished) this.#setLink(object.id, { ...link, bucket })
    this.#change(bucket, text ? puttingLater(text, toItsRow) : putting(row))
    this.#refer(bucket, namesOn(row, mapping))
    for (const report of link.reports ?? []) this.#put(reportBucket(layout, report), row)
  }

  /** It is counted, if it was changed since the window begins: what was not is not read reliably. */
  #putOutside(row: Row, link: Link, vanished: Link['vanished']): void {
    const { layout, since, reading } = this.#parts
    if (!isChangedSince(row, since)) return
    if (vanished) this.#setLink(row.stix.id, link)
    const bucket = dayBucket(layout, dayOf(row.stix), row.stix.id)
    this.#change(bucket, held => putOutsider(held, toOutsider(row), reading.now))
  }

  /** Reports are not cut, so a copy may be held of what a feed that is cut anew leaves out: it has to end there too. */
  #updateCopies(row: Row, { reports = [] }: Link): void {
    for (const report of reports)
      this.#change(
        reportBucket(this.#parts.layout, report),
        held => held.rows.has(row.stix.id) && putRow(held, row)
      )
  }

  /** Why an indicator is not taken in; one that is held, or was before a feed is read again, may have expired. */
  #obstacleTo(row: Row, day: string, { bucket }: Link): string | undefined {
    const { since, reading } = this.#parts
    if (day < since) return 'outside-window'
    if (!bucket && !row.gone && !isLive(spanOf(row), reading.now)) return 'expired'
    return undefined
  }

  #put(bucket: string, row: Row): void {
    this.#change(bucket, putting(row))
    this.#refer(bucket, namesOn(row, this.#parts.mapping))
  }

  #refer(bucket: string, ids: readonly string[]): void {
    for (const id of ids) {
      const known = this.#references.get(id)
      if (known) known.add(bucket)
      else this.#references.set(id, new Set([bucket]))
    }
  }

  #takeRelationship(object: StixObject): void {
    const source = textOf(object, 'source_ref')
    const target = textOf(object, 'target_ref')
    const isContext = object['relationship_type'] === 'indicates' && isIndicator(source) && target
    if (!isContext || isRevoked(object)) {
      this.#skip('relationship')
      return
    }
    const link = this.#link(source)
    if (link.subjects?.includes(target)) return
    this.#setLink(source, { ...link, subjects: [...(link.subjects ?? []), target].sort() })
    for (const bucket of this.#bucketsOf(link)) {
      this.#change(bucket, held => addIndicated(held, source, target))
      this.#refer(bucket, [target])
    }
  }

  #bucketsOf({ bucket, reports = [] }: Link): string[] {
    return [
      ...(bucket ? [bucket] : []),
      ...reports.map(report => reportBucket(this.#parts.layout, report))
    ]
  }

  #takeReport(object: StixObject): void {
    const { layout, reading, mapping } = this.#parts
    const bucket = reportBucket(layout, object.id)
    const { vanished, ...link } = this.#link(object.id)
    const report = stillGone(toRow(object, reading), vanished)
    if (vanished) this.#setLink(object.id, link)
    this.#change(bucket, held => putReport(held, report))
    this.#refer(bucket, namesOn(report, mapping))
    for (const id of listOf(object, 'object_refs').filter(isIndicator)) {
      const link = this.#link(id)
      if (!link.reports?.includes(object.id))
        this.#setLink(id, { ...link, reports: [...(link.reports ?? []), object.id].sort() })
      if (link.bucket) this.#copy(link.bucket, { id, report: bucket })
    }
  }

  #copy(from: string, copy: { readonly id: string; readonly report: string }): void {
    const known = this.#copies.get(from)
    if (known) known.push(copy)
    else this.#copies.set(from, [copy])
  }

  #takeNote(object: StixObject): void {
    const reports = listOf(object, 'object_refs').filter(id => id.startsWith('report--'))
    if (reports.length === 0) this.#skip('note')
    const note = toRow(object, this.#parts.reading)
    for (const report of reports)
      this.#change(reportBucket(this.#parts.layout, report), held => putNote(held, note))
  }

  #link(id: string): Link {
    return this.#links.get(id) ?? {}
  }

  #setLink(id: string, link: Link): void {
    this.#links.set(id, link)
    this.#changedLinks.add(id)
  }

  #change(bucket: string, change: Change): void {
    this.size++
    const known = this.#changes.get(bucket)
    if (known) known.push(change)
    else this.#changes.set(bucket, [change])
  }

  async #apply(name: string, changes: Batch): Promise<void> {
    const [stored] = await this.#parts.documents.get('bucket', [name])
    const bucket = stored ? await decodeBucket(name, stored) : emptyBucket(name)
    let isChanged = false
    for (const change of this.#changes.get(name)!) {
      if (change(bucket)) isChanged = true
      const pause = giveWayIfDue()
      if (pause) await pause
    }
    for (const { id, report } of this.#copies.get(name) ?? []) {
      const row = bucket.rows.get(id)
      if (row) this.#put(report, row)
    }
    // A report that is not there, or not any more, copies nothing.
    if (isReportBucket(name) && !bucket.report) bucket.rows.clear()
    if (!isChanged || isBarren(bucket)) return
    changes.put('bucket', name, await encodeBucket(bucket))
    changes.put('dirty', name, Buffer.alloc(0))
    this.#dirtied.push(name)
    await this.#parts.spill(changes)
  }
}

const putting =
  (row: Row): Change =>
  held =>
    putRow(held, row)

/** @param text its own copy is kept: it may be a piece of a large page */
function puttingLater(text: Buffer, toRow: (object: StixObject) => Row): Change {
  const kept = Buffer.from(text)
  return held => putRow(held, toRow(JSON.parse(kept.toString())))
}

/**
 * What had vanished before a feed is read again stays so, because the feed log also returns what the feed held
 * before.
 */
const stillGone = (row: Row, vanished: Link['vanished']): Row =>
  vanished && !row.gone && row.version <= vanished.version
    ? { ...row, gone: { why: 'vanished', at: vanished.at } }
    : row

/** The indicators whose links are needed to take an object, and a report itself. */
function linkedOf(object: StixObject): string[] {
  if (object.type === 'indicator') return [object.id]
  if (object.type === 'relationship') return [textOf(object, 'source_ref')].filter(isIndicator)
  if (object.type === 'report')
    return [object.id, ...listOf(object, 'object_refs').filter(isIndicator)]
  return []
}
