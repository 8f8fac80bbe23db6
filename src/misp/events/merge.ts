import type { Work } from '../../kernel/give-way.ts'
import type { MappedText } from '../mapping/mapping.ts'
import { type MispValue, templates } from '../mapping/model.ts'
import { commentOf } from '../mapping/tags/tags.ts'
import type { DerivedReport, DerivedRow } from './derive.ts'
import type { AttributeDraft, Drafts, ObjectDraft } from './drafts.ts'
import { bury, type Moment, restamp, stamp } from './timestamps.ts'
import { attributeUuid, objectUuid, relatedUuid, reportUuid } from './uuids.ts'
import {
  type AttributeBody,
  type EventBody,
  type EventChildren,
  type ObjectBody,
  type ReportBody,
  type TagBody,
  toTag
} from './wire.ts'

/** The contents of an event: the drafts with uuids and timestamps, merged with what was published. */

export interface ChildrenDeps {
  /** The uuid of the event. */
  readonly uuid: string
  readonly drafts: Drafts
  /** Given when the event is that of a report, and the report is to be shown. */
  readonly report: DerivedReport | undefined
  readonly notes: readonly MappedText[]
  /**
   * True when what comes from these objects also stands in another event, as the indicators of a report do: MISP is not
   * to correlate it with itself.
   */
  readonly isCopy: (ids: readonly string[]) => boolean
}

export interface Merging {
  readonly moment: Moment
  /** Filled with the uuids of live attributes. */
  readonly live: Set<string>
  readonly sources: Sources
  /** True when the event is stamped anew: its Objects are then, too, or MISP would not look into them (M1). */
  readonly isRestamped: boolean
  /** That of attributes and Objects; undefined when they say none. */
  readonly distribution?: '5' | undefined
}

/** Filled with the STIX ids of what stands in an event. */
export interface Sources {
  readonly all: Set<string>
  /** Those that a value or an Object is named after: of several with one value, the first. */
  readonly owners: Set<string>
}

/**
 * What is published from now on: the drafts, and what was published and is no longer wanted, taken back. What did not
 * change is the very object of `previous`. Yields between any two of them.
 */
export function* makeChildren(
  { uuid: event, drafts, report, notes, isCopy }: ChildrenDeps,
  previous: EventBody | undefined,
  merging: Merging
): Work<EventChildren> {
  const attributes = new Map<string, AttributeBody>()
  const held = byUuid(previous?.Attribute)
  for (const draft of drafts.attributes.values()) {
    yield
    const uuid = attributeUuid(event, draft.value.type, draft.value.value)
    const body = wanted(held.get(uuid), uuid, draft, isCopy(draft.sources), merging)
    if (!body) continue
    attributes.set(uuid, body)
    note(draft.sources, merging.sources)
  }
  const objects = new Map<string, ObjectBody>()
  const heldObjects = byUuid(previous?.Object)
  for (const draft of drafts.objects) {
    yield
    const uuid = objectUuid(event, draft.object.template, draft.row.id, draft.no)
    const isCopied = isCopy([draft.row.id])
    const body = yield* wantedObject(heldObjects.get(uuid), uuid, draft, isCopied, merging)
    if (!body) continue
    objects.set(uuid, body)
    note([draft.row.id], merging.sources)
  }
  const isDue = ({ uuid, timestamp }: ObjectBody) =>
    merging.isRestamped && heldObjects.get(uuid)?.timestamp === timestamp
  const texts = report ? [report, ...notes.filter(({ isGone }) => !isGone)] : []
  const reports = byUuid(reportBodies(event, texts, previous, merging.moment))
  return {
    Attribute: yield* withBuried(attributes, held, item => bury(item, merging.moment)),
    EventReport: yield* withBuried(reports, byUuid(previous?.EventReport), item =>
      bury(item, merging.moment)
    ),
    Object: (yield* withBuried(objects, heldObjects, object =>
      buryObject(object, merging.moment)
    )).map(object => (isDue(object) ? restamp(object, merging.moment) : object))
  }
}

function note(ids: readonly string[], { all, owners }: Sources): void {
  owners.add(ids[0]!)
  for (const id of ids) all.add(id)
}

const byUuid = <T extends { readonly uuid: string }>(list: readonly T[] = []): Map<string, T> =>
  new Map(list.map(item => [item.uuid, item]))

/** Ascending uuid. What was held is so already, and is put first: then there is little to sort. */
function* withBuried<T extends { readonly uuid: string }>(
  wanted: ReadonlyMap<string, T>,
  held: ReadonlyMap<string, T>,
  bury: (item: T) => T | undefined
): Work<T[]> {
  const items: T[] = held.size === 0 ? [...wanted.values()] : []
  for (const [uuid, item] of held) {
    const kept = wanted.get(uuid) ?? bury(item)
    if (kept) items.push(kept)
    yield
  }
  if (held.size > 0) for (const [uuid, item] of wanted) if (!held.has(uuid)) items.push(item)
  return items.sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
}

/**
 * Undefined when there is nothing to say: a value that was never served live is not served expired, and one that
 * was taken back comes back only live.
 */
function wanted(
  held: AttributeBody | undefined,
  uuid: string,
  draft: AttributeDraft,
  isCopied: boolean,
  { moment, live, distribution }: Merging
): AttributeBody | undefined {
  if (draft.life === 'expired' && (!held || held.deleted)) return undefined
  if (draft.life === 'live') live.add(uuid)
  const toIds = draft.life === 'live' && draft.value.toIds
  const { value, comment } = draft
  const seen = seenOf(draft)
  const Tag = draft.tags.map(toTag)
  const body = attributeBody({ value, comment, isCopied, seen, Tag, toIds, distribution }, uuid)
  return stamp(held, withTagsOf(held, body), seconds(draft.modified), moment)
}

interface AttributeFacts {
  /** See {@link ChildrenDeps.isCopy}. */
  readonly isCopied: boolean
  readonly value: MispValue & { readonly relation?: string }
  readonly toIds: boolean
  readonly comment: string
  readonly seen: Seen | undefined
  readonly Tag: readonly TagBody[]
  readonly distribution: '5' | undefined
}

type Seen = Pick<AttributeBody, 'first_seen' | 'last_seen'>

function attributeBody(facts: AttributeFacts, uuid: string): AttributeBody {
  const { value } = facts
  return {
    Tag: facts.Tag,
    category: value.category,
    comment: facts.comment,
    deleted: false,
    disable_correlation: facts.isCopied,
    ...(facts.distribution && { distribution: facts.distribution }),
    ...facts.seen,
    ...(value.relation && { object_relation: value.relation }),
    timestamp: '',
    to_ids: facts.toIds,
    type: value.type,
    uuid,
    value: value.value
  }
}

/** One of first_seen and last_seen without the other makes MISP's preview of a feed write a warning for each. */
const seenOf = ({ first, last }: Pick<AttributeDraft, 'first' | 'last'>): Seen | undefined =>
  first === undefined || last === undefined
    ? undefined
    : { first_seen: toSeen(first), last_seen: toSeen(last) }

/** What ends before it begins has no end. */
const seenOfRow = ({ from, until }: DerivedRow): Seen | undefined =>
  from === undefined || until === undefined || until < from
    ? undefined
    : seenOf({ first: from, last: until })

const toSeen = (millis: number): string => `${new Date(millis).toISOString().slice(0, -1)}000+00:00`
const seconds = (millis: number): number => Math.floor(millis / 1000)

/** Tags are only ever added: MISP keeps a tag that is no longer sent, and a fresh MISP would lack it. */
function withTagsOf(held: AttributeBody | undefined, body: AttributeBody): AttributeBody {
  if (!held) return body
  const lost = held.Tag.filter(({ name }) => !body.Tag.some(tag => tag.name === name))
  if (lost.length === 0) return body
  const Tag = [...body.Tag, ...lost].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { ...body, Tag }
}

/** An Object grows later with each of its attributes: MISP looks into those of a newer Object only (MISP-1.6). */
function* wantedObject(
  held: ObjectBody | undefined,
  uuid: string,
  { object, row, life }: ObjectDraft,
  isCopied: boolean,
  merging: Merging
): Work<ObjectBody | undefined> {
  if (life === 'expired' && (!held || held.deleted)) return undefined
  const { moment, live, distribution } = merging
  const comment = commentOf(row)
  const seen = seenOfRow(row)
  const Tag = row.tags.map(toTag)
  const heldAttributes = byUuid(held?.Attribute)
  const attributes = new Map<string, AttributeBody>()
  for (const value of object.values) {
    const id = relatedUuid(uuid, value.relation, value.value)
    if (life === 'live') live.add(id)
    const facts = {
      value,
      toIds: life === 'live' && value.toIds,
      comment,
      seen,
      Tag,
      isCopied,
      distribution
    }
    const body = withTagsOf(heldAttributes.get(id), attributeBody(facts, id))
    attributes.set(id, stamp(heldAttributes.get(id), body, seconds(row.modified), moment))
  }
  const template = templates[object.template]
  const body: ObjectBody = {
    Attribute: yield* withBuried(attributes, heldAttributes, item => bury(item, moment)),
    ObjectReference: [],
    comment,
    deleted: false,
    description: `${object.template} of a STIX indicator`,
    ...(distribution && { distribution }),
    'meta-category': template.category,
    name: object.template,
    template_uuid: template.uuid,
    template_version: template.version,
    timestamp: '',
    uuid
  }
  return stamp(held, body, seconds(row.modified), moment)
}

type Text = Pick<MappedText, 'id' | 'modified' | 'name' | 'content'>

function reportBodies(
  event: string,
  texts: readonly Text[],
  previous: EventBody | undefined,
  moment: Moment
): ReportBody[] {
  const held = byUuid(previous?.EventReport)
  return texts.map(({ id, modified, name, content }) => {
    const uuid = reportUuid(event, id)
    const body = { content, deleted: false, distribution: '5', name, timestamp: '', uuid } as const
    return stamp(held.get(uuid), body, seconds(modified), moment)
  })
}

/** An Object taken back, with all that is in it. */
function buryObject(held: ObjectBody, moment: Moment): ObjectBody | undefined {
  if (held.deleted) return bury(held, moment, buriedSince(held))
  const Attribute = held.Attribute.flatMap(attribute => bury(attribute, moment) ?? [])
  return bury({ ...held, Attribute }, moment)
}

/** When an Object was taken back, epoch seconds: its own timestamp may be later (M1), those of its contents are not. */
const buriedSince = ({ timestamp, Attribute }: ObjectBody): number =>
  Attribute.length === 0
    ? Number(timestamp)
    : Math.max(...Attribute.map(attribute => Number(attribute.timestamp)))

/**
 * The time at which the first announcement of something taken back ends, ms since the epoch. The contents of an
 * Object that was taken back go with it.
 */
export function buriedUntil(event: EventChildren, { tombstoneSeconds }: Moment): number {
  const inObjects = event.Object.flatMap(({ deleted, Attribute }) => (deleted ? [] : Attribute))
  const children = [...event.Attribute, ...event.EventReport, ...inObjects]
  const buried = children.filter(({ deleted }) => deleted)
  const objects = event.Object.filter(({ deleted }) => deleted).map(buriedSince)
  const oldest = buried.reduce(
    (min, { timestamp }) => Math.min(min, Number(timestamp)),
    objects.reduce((min, since) => Math.min(min, since), Infinity)
  )
  return (oldest + tombstoneSeconds) * 1000
}
