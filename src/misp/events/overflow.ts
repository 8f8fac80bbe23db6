import type { Work } from '../../kernel/give-way.ts'
import type { RelatedValue, Tlp } from '../mapping/model.ts'
import { eventName } from './bucket.ts'
import { Spellings } from './collation.ts'
import type { DerivedBucket } from './derive.ts'
import type { AttributeDraft, Drafts, ObjectDraft } from './drafts.ts'
import { attributeUuid, eventUuid, objectUuid, relatedUuid } from './uuids.ts'
import { attributeCount, type EventBody, type ObjectBody } from './wire.ts'

/** An event of a bucket as it was last published. */
export interface PublishedEvent {
  readonly tlp: Tlp
  /** 0, or further when the first event of a bucket and TLP was full. */
  readonly part: number
  readonly event: EventBody
}

export interface PartOptions {
  /** See uuids.ts `feedNamespace`. */
  readonly namespace: string
  /** Most attributes of an event; the rest goes to further parts. */
  readonly maxAttributes: number
}

/**
 * Drafts by part: what was published stays where it is; what is new goes where there is room, and no other spelling
 * of it. An Object that grew out of a full part is taken back there. Yields between any two drafts.
 */
export function* toParts(
  drafts: Drafts,
  published: readonly PublishedEvent[],
  { bucket, tlp }: { readonly bucket: Pick<DerivedBucket, 'name'>; readonly tlp: Tlp },
  { namespace, maxAttributes }: PartOptions
): Work<Drafts[]> {
  const isOne = published.every(({ part }) => part === 0)
  const [first] = published
  const known = first ? attributeCount(first.event) : 0
  const isFitting = isOne && known + sizeOf(drafts) <= maxAttributes
  if (isFitting && (yield* isSpeltOnce(drafts, first?.event))) return [drafts]
  const parts: Part[] = []
  const addPart = function* (): Work<Part> {
    const no = parts.length
    const event = published.find(({ part }) => part === no)?.event
    const part = {
      uuid: eventUuid(namespace, eventName(bucket.name, tlp, no)),
      attributes: new Set(event?.Attribute.map(({ uuid }) => uuid)),
      spellings: yield* spellingsOf(event),
      objects: new Map(event?.Object.map(object => [object.uuid, object])),
      room: maxAttributes - (event ? attributeCount(event) : 0),
      drafts: { attributes: new Map(), objects: [], changesAt: drafts.changesAt }
    }
    parts.push(part)
    return part
  }
  const count = Math.max(0, ...published.map(({ part }) => part)) + 1
  while (parts.length < count) yield* addPart()
  for (const [key, draft] of drafts.attributes) {
    const { type, value } = draft.value
    const isHome = ({ uuid, attributes }: Part) => attributes.has(attributeUuid(uuid, type, value))
    const isFree = (part: Part) => hasRoom(1)(part) && part.spellings.add(draft.value)
    const home = parts.find(isHome) ?? take(parts.find(isFree) ?? (yield* addPart()), 1)
    home.spellings.add(draft.value)
    home.drafts.attributes.set(key, draft)
    yield
  }
  for (const draft of drafts.objects) {
    const size = draft.object.values.length
    const home = homeOf(draft, parts) ?? take(parts.find(hasRoom(size)) ?? (yield* addPart()), size)
    home.drafts.objects.push(draft)
    yield
  }
  return parts.map(({ drafts }) => drafts)
}

function* isSpeltOnce({ attributes }: Drafts, event: EventBody | undefined): Work<boolean> {
  const spellings = yield* spellingsOf(event)
  for (const { value } of attributes.values()) {
    if (!spellings.add(value)) return false
    yield
  }
  return true
}

function* spellingsOf(event: EventBody | undefined): Work<Spellings> {
  const spellings = new Spellings()
  for (const attribute of event?.Attribute ?? []) {
    spellings.add(attribute)
    yield
  }
  return spellings
}

const hasRoom = (size: number) => (part: Part) => part.room >= size

function take(part: Part, size: number): Part {
  part.room -= size
  return part
}

/** The part that holds an Object, or held it, if there is room for what it has grown by. */
function homeOf({ object, row, no }: ObjectDraft, parts: readonly Part[]): Part | undefined {
  const homes = parts.flatMap(part => {
    const uuid = objectUuid(part.uuid, object.template, row.id, no)
    const held = part.objects.get(uuid)
    if (!held) return []
    const known = new Set(held.Attribute.map(attribute => attribute.uuid))
    const isNew = ({ relation, value }: RelatedValue) =>
      !known.has(relatedUuid(uuid, relation, value))
    return [{ part, isLive: !held.deleted, growth: object.values.filter(isNew).length }]
  })
  const fitting = homes.filter(({ part, growth }) => growth === 0 || part.room >= growth)
  const home = fitting.find(({ isLive }) => isLive) ?? fitting[0]
  return home && take(home.part, home.growth)
}

interface Part {
  readonly uuid: string
  /** What was published in it, by uuid. */
  readonly attributes: ReadonlySet<string>
  readonly spellings: Spellings
  readonly objects: ReadonlyMap<string, ObjectBody>
  room: number
  readonly drafts: MutableDrafts
}

interface MutableDrafts extends Drafts {
  readonly attributes: Map<string, AttributeDraft>
  readonly objects: ObjectDraft[]
}

const sizeOf = ({ attributes, objects }: Drafts): number =>
  objects.reduce((sum, { object }) => sum + object.values.length, attributes.size)
