import type {
  AttributeBody,
  EventBody,
  EventFacts,
  ObjectBody
} from '../../src/misp/events/wire.ts'
import { bodyText, type FeedPath } from './misp/feed-client.ts'
import type { MispWorld } from './misp-world.ts'

/** What a gateway serves of a feed at one moment, all of it. */
export interface Served {
  /** The bytes of each file, as text, by path. */
  readonly files: ReadonlyMap<string, string>
  readonly etags: ReadonlyMap<string, string>
  readonly manifest: Readonly<Record<string, EventFacts>>
  /** In the order of their timestamps. */
  readonly events: readonly EventBody[]
  /** Lines of hashes.csv; none when it answers 404. */
  readonly hashes: readonly string[]
}

export interface Placed {
  readonly event: EventBody
  /** The Object it stands in, if any. */
  readonly object: ObjectBody | undefined
  readonly attribute: AttributeBody
}

/** Throws when a listed event is not there. */
export async function readServed(world: MispWorld): Promise<Served> {
  const files = new Map<string, string>()
  const etags = new Map<string, string>()
  const read = async (path: FeedPath) => {
    const answer = await world.fetch(path, {})
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
    files.set(path, bodyText(answer))
    etags.set(path, String(answer.headers['etag']))
    return bodyText(answer)
  }
  const manifest: Served['manifest'] = JSON.parse((await read('/manifest.json')) ?? '{}')
  const events: EventBody[] = []
  for (const uuid of Object.keys(manifest)) {
    const text = await read(`/${uuid}.json`)
    if (text === undefined) throw new Error(`${uuid} is listed and not there`)
    events.push(JSON.parse(text).Event)
  }
  events.sort((a, b) => Number(a.timestamp) - Number(b.timestamp))
  const hashes = (await read('/hashes.csv'))?.split('\n') ?? []
  return { files, etags, manifest, events, hashes }
}

/** Every attribute with this value, in and outside of Objects. */
export const placesOf = ({ events }: Pick<Served, 'events'>, value: string): Placed[] =>
  events
    .flatMap(event => [
      ...event.Attribute.map(attribute => ({ event, object: undefined, attribute })),
      ...event.Object.flatMap(object =>
        object.Attribute.map(attribute => ({ event, object, attribute }))
      )
    ])
    .filter(({ attribute }) => attribute.value === value)

/** The one attribute with this value. Throws when there is none, or several. */
export function placeOf(served: Pick<Served, 'events'>, value: string): Placed {
  const [place, ...more] = placesOf(served, value)
  if (!place || more.length > 0) throw new Error(`${more.length + (place ? 1 : 0)} of ${value}`)
  return place
}

export const attributeOf = (served: Pick<Served, 'events'>, value: string): AttributeBody =>
  placeOf(served, value).attribute

/** Names of tags. */
export const tagsOf = ({ Tag }: Pick<AttributeBody, 'Tag'>): string[] => Tag.map(({ name }) => name)

/** The level in the event's tags. */
export const tlpOf = (event: EventBody): string =>
  tagsOf(event)
    .filter(name => name.startsWith('tlp:'))
    .join()

/** Where a value is in its life, as a MISP would see it: by the event's TLP. */
export const livesOf = (served: Pick<Served, 'events'>, value: string): Record<string, string> =>
  Object.fromEntries(
    placesOf(served, value).map(({ event, attribute }) => [tlpOf(event), lifeOf(attribute)])
  )

export const lifeOf = ({ deleted, to_ids: toIds }: AttributeBody): string => {
  if (deleted) return toIds ? 'deleted, with to_ids' : 'deleted'
  return toIds ? 'live' : 'expired'
}
