import { type Bucket, eventName } from './bucket.ts'
import type { AttributeDraft, Drafts, ObjectDraft } from './drafts.ts'
import type { Tlp } from './model.ts'
import { attributeUuid, eventUuid, objectUuid } from './uuids.ts'
import { attributeCount, type EventBody } from './wire.ts'

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

/** Drafts by part: what was published stays where it is, what is new goes where there is room. */
export function toParts(
  drafts: Drafts,
  published: readonly PublishedEvent[],
  { bucket, tlp }: { readonly bucket: Bucket; readonly tlp: Tlp },
  { namespace, maxAttributes }: PartOptions
): Drafts[] {
  const isOne = published.every(({ part }) => part === 0)
  const known = published[0] ? attributeCount(published[0].event) : 0
  if (isOne && known + sizeOf(drafts) <= maxAttributes) return [drafts]
  const parts: Part[] = []
  const addPart = (): Part => {
    const no = parts.length
    const event = published.find(({ part }) => part === no)?.event
    const part = {
      uuid: eventUuid(namespace, eventName(bucket.name, tlp, no)),
      held: new Set(event && [...event.Attribute, ...event.Object].map(({ uuid }) => uuid)),
      room: maxAttributes - (event ? attributeCount(event) : 0),
      drafts: { attributes: new Map(), objects: [], changesAt: drafts.changesAt }
    }
    parts.push(part)
    return part
  }
  const count = Math.max(0, ...published.map(({ part }) => part)) + 1
  while (parts.length < count) addPart()
  const place = (uuidIn: (event: string) => string, size: number) => {
    const home = parts.find(({ uuid, held }) => held.has(uuidIn(uuid)))
    if (home) return home.drafts
    const free = parts.find(({ room }) => room >= size) ?? addPart()
    free.room -= size
    return free.drafts
  }
  for (const [key, draft] of drafts.attributes) {
    const { type, value } = draft.value
    place(event => attributeUuid(event, type, value), 1).attributes.set(key, draft)
  }
  for (const draft of drafts.objects) {
    const { object, row, no } = draft
    place(
      event => objectUuid(event, object.template, row.id, no),
      object.values.length
    ).objects.push(draft)
  }
  return parts.map(({ drafts }) => drafts)
}

interface Part {
  readonly uuid: string
  /** Uuids of what was published in it. */
  readonly held: ReadonlySet<string>
  room: number
  readonly drafts: MutableDrafts
}

interface MutableDrafts extends Drafts {
  readonly attributes: Map<string, AttributeDraft>
  readonly objects: ObjectDraft[]
}

const sizeOf = ({ attributes, objects }: Drafts): number =>
  objects.reduce((sum, { object }) => sum + object.values.length, attributes.size)
