import { inPieces, type Work } from '../../kernel/give-way.ts'
import { listOf, markingRefsOf, type StixObject } from '../../stix/object.ts'
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
import { type DerivedRow, derive } from '../events/derive.ts'
import { type RenderedEvent, renderBucket } from '../events/event.ts'
import { hashesOf, linesOf } from '../events/hashes.ts'
import type { Head } from '../events/head.ts'
import type { PublishedEvent } from '../events/overflow.ts'
import { tallyOf } from '../events/tally.ts'
import { feedNamespace } from '../events/uuids.ts'
import { attributeCount, orgc, parseFile, toFile } from '../events/wire.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { Resolve } from '../mapping/tags/tags.ts'
import { decodeFile, encodeFile, unpack } from './files.ts'
import { isIndicator, namesOn } from './references.ts'
import { issueTimestamp, type MadeCount } from './state.ts'
import type {
  LeftReport,
  MadeBucket,
  MadeEvent,
  Making,
  MakingSettings,
  PublishedFile,
  StoredBucket
} from './stored-bucket.ts'

/** The events of one bucket, out of what is stored of it: bytes in, bytes out, so that a thread can do it. */

/** OpenCTI builds no relationships from here on (MISP-2). */
const maxAttributes = 9_999

/** A bucket that is to be made, and what its rows refer to. */
export interface OpenBucket {
  readonly stored: StoredBucket
  readonly bucket: Bucket
  readonly refs: ReadonlySet<string>
}

export async function openBucket(
  stored: StoredBucket,
  mapping: Pick<Mapping, 'refs'>
): Promise<OpenBucket> {
  const { name, rows } = stored
  const bucket = rows ? await decodeBucket(name, rows) : emptyBucket(name)
  return { stored, bucket, refs: await inPieces(refsOf(bucket, mapping)) }
}

function* refsOf(bucket: Bucket, mapping: Pick<Mapping, 'refs'>): Work<Set<string>> {
  const refs = new Set<string>()
  for (const row of rowsOf(bucket)) {
    for (const id of markingRefsOf(row.stix)) refs.add(id)
    for (const id of namesOn(row, mapping)) refs.add(id)
    yield
  }
  return refs
}

/**
 * @param find the objects of {@link OpenBucket.refs}, and no others
 * @param lastIssued the newest timestamp given to an event, epoch seconds
 */
export async function makeBucket(
  { stored, bucket }: OpenBucket,
  find: Resolve,
  mapping: Mapping,
  making: Making,
  lastIssued: number
): Promise<MadeBucket> {
  const { feedId, title, now, settings } = making
  const { name } = stored
  const issued = { lastIssued }
  const derived = await inPieces(derive(bucket, mapping, find))
  const isDay = !isReportBucket(name)
  const isNew = ({ id }: DerivedRow) => bucket.rows.get(id)?.readFor === making.publication
  const counts = isDay ? countsOf(derived.rows.filter(isNew)) : []
  const tally = isDay ? await inPieces(tallyOf(bucket, derived.rows, now)) : undefined
  const work = renderBucket(derived, await eventsOf(stored.published), {
    now,
    namespace: feedNamespace(feedId, parseBucketName(name).layout),
    title,
    expiredMs: settings.expiredMs,
    tombstoneSeconds: settings.tombstoneMs / 1000,
    reportCopies: settings.reportCopies !== false,
    maxAttributes,
    marginSeconds: settings.marginSeconds,
    distribution: settings.distribution,
    restamped: new Set(stored.restamped),
    issue: () => issueTimestamp(issued, now, settings.marginSeconds)
  })
  const events: MadeEvent[] = []
  for (const rendered of await inPieces(work)) events.push(await makeEvent(name, rendered))
  const tidied = await tidy(bucket, stored.rows !== undefined, now, settings)
  return { name, events, tally, counts, ...tidied, lastIssued: issued.lastIssued }
}

async function eventsOf(files: readonly PublishedFile[]): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = []
  for (const { tlp, part, file } of files)
    events.push({ tlp, part, event: await inPieces(parseFile(await unpack(decodeFile(file)))) })
  return events
}

async function makeEvent(bucket: string, rendered: RenderedEvent): Promise<MadeEvent> {
  const { event, isChanged, isEmpty, live } = rendered
  const { uuid } = event
  if (isEmpty) return { uuid, isChanged }
  const hashes = await inPieces(hashesOf(event, live))
  const made = { head: toHead(bucket, rendered, linesOf(hashes)), hashes }
  if (!isChanged) return { uuid, isChanged, made }
  const file = await encodeFile(await inPieces(toFile(event)), Number(event.timestamp))
  return { uuid, isChanged, made, file }
}

/** What of the mapping an operator is to know of. */
function countsOf(rows: readonly DerivedRow[]): MadeCount[] {
  const counts = new Map<string, MadeCount>()
  const count = (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const key = JSON.stringify([name, labels])
    counts.set(key, { name, labels, by: (counts.get(key)?.by ?? 0) + 1 })
  }
  for (const row of rows) {
    if (row.gone) continue
    const { fallback: reason, attributes, objects } = row
    const isSeen = attributes.length + objects.length > 0
    if (reason) count(isSeen ? 'misp_fallbacks' : 'misp_skipped', { reason })
    for (const spelling of row.spellings ?? []) count('misp_spellings', { spelling })
    if (row.hasImpossibleEnd) count('misp_impossible_ends')
  }
  return [...counts.values()]
}

type Tidied = Pick<MadeBucket, 'pruned' | 'leftReport' | 'rows' | 'isBarren'>

/** Forgets rows that can no longer matter, and a bucket that is then empty. */
async function tidy(
  bucket: Bucket,
  isStored: boolean,
  now: number,
  settings: MakingSettings
): Promise<Tidied> {
  const { report } = bucket
  const copied = [...bucket.rows.keys()]
  const pruned = pruneRows(bucket, now, settings)
  const hasLeft = isReportBucket(bucket.name) && report && !bucket.report
  const isOver = isBarren(bucket)
  return {
    pruned,
    leftReport: hasLeft ? leaving(report.stix, copied) : undefined,
    isBarren: isOver,
    rows: !isOver && isStored && pruned.length > 0 ? await encodeBucket(bucket) : undefined
  }
}

const leaving = (report: StixObject, copied: readonly string[]): LeftReport => ({
  id: report.id,
  indicators: [...listOf(report, 'object_refs').filter(isIndicator), ...copied]
})

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
