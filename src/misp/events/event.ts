import type { Work } from '../../kernel/give-way.ts'
import { type Tlp, tlps } from '../mapping/model.ts'
import { eventName, isReportBucket, parseBucketName } from './bucket.ts'
import type { DerivedBucket, DerivedReport, DerivedRow } from './derive.ts'
import { type DraftOptions, type Drafts, makeDrafts } from './drafts.ts'
import { buriedUntil, makeChildren, type Sources } from './merge.ts'
import { type PartOptions, type PublishedEvent, toParts } from './overflow.ts'
import { lifeOf } from './source-row.ts'
import { eventUuid } from './uuids.ts'
import {
  attributeCount,
  type Distribution,
  type EventBody,
  orgc,
  type TagBody,
  toTag
} from './wire.ts'

export interface RenderOptions extends DraftOptions, PartOptions {
  /** What the feed was called when its first event was made: `info` must not change. */
  readonly title: string
  /** How long what was taken back stays announced, seconds. */
  readonly tombstoneSeconds: number
  /** False when events of reports have no copies of their indicators. */
  readonly reportCopies?: boolean
  /** See timestamps.ts `Moment`. */
  readonly marginSeconds: number
  /** Undefined: events say none, and MISP's setting for the feed decides. */
  readonly distribution?: Distribution | undefined
  /** Uuids of events that are stamped anew although they did not change. */
  readonly restamped?: ReadonlySet<string>
  /** The next timestamp for an event that changed, epoch seconds: later than all before it, and than now. */
  readonly issue: () => number
}

/** An event as it is now. */
export interface RenderedEvent extends PublishedEvent {
  /** False when it is what was published last. */
  readonly isChanged: boolean
  /** True when nothing is left of it: it leaves the manifest. */
  readonly isEmpty: boolean
  /** Uuids of attributes that are neither expired nor deleted. */
  readonly live: ReadonlySet<string>
  /** The next instant at which time alone changes it, ms since the epoch. */
  readonly changesAt: number
  /**
   * How many indicators it shows, and how many of them have no value that another one does not stand for. Those of
   * further parts are counted with the first; copies in reports are not counted.
   */
  readonly indicators: number
  readonly merged: number
}

/** Raise whenever this folder makes other events, or heads, of the same rows: all are then made again. */
export const eventVersion = 3

/**
 * The events of a bucket: what its rows say, merged with what was published. Events that changed get new timestamps.
 * Yields where it may be interrupted: an event has up to {@link PartOptions.maxAttributes}.
 */
export function* renderBucket(
  bucket: DerivedBucket,
  published: readonly PublishedEvent[],
  options: RenderOptions
): Work<RenderedEvent[]> {
  const groups = Map.groupBy(shown(bucket, options), row => bucket.report?.tlp ?? row.tlp)
  const levels = new Set<Tlp>([...groups.keys(), ...published.map(({ tlp }) => tlp)])
  if (bucket.report) levels.add(bucket.report.tlp)
  const events: RenderedEvent[] = []
  for (const tlp of tlps) {
    if (!levels.has(tlp)) continue
    const parts = published.filter(event => event.tlp === tlp).sort((a, b) => a.part - b.part)
    const level = { bucket, tlp, rows: groups.get(tlp) ?? [] }
    events.push(...(yield* renderLevel(level, parts, options)))
  }
  return events
}

/**
 * A report shows its indicators, but none that is for fewer eyes than the report itself, and none
 * once it was taken back. A copy is made of both, the indicator and the report.
 */
function shown({ rows, report }: DerivedBucket, options: RenderOptions): readonly DerivedRow[] {
  if (!report) return rows
  if (!isShown(report, options) || options.reportCopies === false) return []
  const highest = tlps.indexOf(report.tlp)
  const named = new Set(report.indicators)
  return rows
    .filter(({ id, tlp }) => named.has(id) && tlps.indexOf(tlp) <= highest)
    .map(row => ({ ...row, modified: Math.max(row.modified, report.modified) }))
}

const isShown = (report: DerivedReport, { now, expiredMs }: DraftOptions): boolean =>
  lifeOf(report, now, expiredMs) !== 'removed'

interface Level {
  readonly bucket: DerivedBucket
  readonly tlp: Tlp
  readonly rows: readonly DerivedRow[]
}

function* renderLevel(
  level: Level,
  published: readonly PublishedEvent[],
  options: RenderOptions
): Work<RenderedEvent[]> {
  const { bucket, tlp, rows } = level
  const own = bucket.report?.tlp === tlp ? bucket.report : undefined
  const report = own && isShown(own, options) ? own : undefined
  const drafts = yield* makeDrafts(report ? [...rows, report] : rows, options)
  const sources = { all: new Set<string>(), owners: new Set<string>() }
  const events: RenderedEvent[] = []
  for (const [part, own] of (yield* toParts(drafts, published, level, options)).entries()) {
    const previous = published.find(event => event.part === part)?.event
    const shownReport = part === 0 ? report : undefined
    const parts = { ...level, part, report: shownReport, drafts: own, sources }
    events.push(yield* renderEvent(parts, previous, options))
  }
  const first = events.find(({ isEmpty }) => !isEmpty)
  if (!first || isReportBucket(bucket.name)) return events
  return events.map(event => (event === first ? { ...event, ...countsOf(sources) } : event))
}

const countsOf = ({ all, owners }: Sources) => ({
  indicators: all.size,
  merged: all.size - owners.size
})

interface EventDeps extends Level {
  readonly part: number
  readonly report: DerivedReport | undefined
  readonly drafts: Drafts
  /** Of all parts. */
  readonly sources: Sources
}

function* renderEvent(
  parts: EventDeps,
  previous: EventBody | undefined,
  options: RenderOptions
): Work<RenderedEvent> {
  const { bucket, tlp, part, drafts, sources } = parts
  const uuid = eventUuid(options.namespace, eventName(bucket.name, tlp, part))
  const moment = {
    published: Math.floor(options.now / 1000),
    marginSeconds: options.marginSeconds,
    tombstoneSeconds: options.tombstoneSeconds
  }
  const live = new Set<string>()
  const isRestamped = options.restamped?.has(uuid) === true
  const isOfReport = isReportBucket(bucket.name)
  const isCopy = (ids: readonly string[]) => isOfReport && !ids.includes(bucket.report?.id ?? '')
  const children = yield* makeChildren({ ...parts, uuid, notes: bucket.notes, isCopy }, previous, {
    moment,
    live,
    sources,
    isRestamped,
    distribution: options.distribution && '5'
  })
  const facts = factsOf(parts, options, previous)
  const unstamped: EventBody = {
    ...children,
    Orgc: previous?.Orgc ?? bucket.report?.organisation ?? orgc,
    Tag: eventTags(parts, previous),
    analysis: '2',
    ...facts,
    ...(options.distribution && { distribution: options.distribution }),
    extends_uuid: '',
    publish_timestamp: previous?.publish_timestamp ?? '',
    published: true,
    threat_level_id: '4',
    timestamp: previous?.timestamp ?? '',
    uuid
  }
  const isEmpty =
    attributeCount(children) + children.EventReport.length + children.Object.length === 0
  const isChanged = isRestamped || !previous || !isSame(unstamped, previous)
  const timestamp = isChanged && !isEmpty ? String(options.issue()) : unstamped.timestamp
  const event = { ...unstamped, publish_timestamp: timestamp, timestamp }
  return {
    tlp,
    part,
    event,
    isChanged,
    isEmpty,
    live,
    changesAt: Math.min(drafts.changesAt, buriedUntil(children, moment)),
    indicators: 0,
    merged: 0
  }
}

/** Children that did not change are the same objects, see {@link makeChildren}. */
function isSame(event: EventBody, previous: EventBody): boolean {
  const lists = ['Attribute', 'EventReport', 'Object'] as const
  const facts = (of: EventBody) =>
    JSON.stringify({ ...of, Attribute: [], EventReport: [], Object: [] })
  return (
    lists.every(
      list =>
        event[list].length === previous[list].length &&
        event[list].every((child, i) => child === previous[list][i])
    ) && facts(event) === facts(previous)
  )
}

/** One of TLP, and of a report what it is about; like those of attributes they are only ever added. */
function eventTags({ tlp, report }: EventDeps, previous: EventBody | undefined): TagBody[] {
  const names = [
    'misp-galaxy:producer="Sekoia"',
    `tlp:${tlp}`,
    ...(report?.tags ?? []),
    ...(previous?.Tag ?? []).map(({ name }) => name)
  ]
  return [...new Set(names)].sort().map(toTag)
}

/** `info` and `date` stay as they were first, also of a report that is renamed: OpenCTI takes both for its identity (M5). */
function factsOf(
  { bucket, tlp, part, report }: EventDeps,
  { title }: RenderOptions,
  previous: EventBody | undefined
): Pick<EventBody, 'date' | 'info'> {
  const { day, rest, shardBits } = parseBucketName(bucket.name)
  const level = `TLP:${tlp.toUpperCase()}`
  const suffix = part === 0 ? '' : ` part ${part + 1}`
  if (previous) return { date: previous.date, info: previous.info }
  if (report) {
    const short = rest.split('--')[1]?.slice(0, 8) ?? rest
    return { date: report.date, info: `${report.name} [${level} ${short}]${suffix}` }
  }
  const shard = shardBits === 0 ? '' : ` #${rest}/${2 ** shardBits}`
  const date = day ?? bucket.report?.date ?? '1970-01-01'
  const what = day ?? rest
  return { date, info: `${title} ${what}${shard} ${level}${suffix}` }
}
