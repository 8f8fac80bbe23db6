import type { Work } from '../../kernel/give-way.ts'
import { memoize } from '../../kernel/memoize.ts'
import { readLined, writeLined } from './lined-json.ts'

/** Events as MISP reads them (MISP-1.4). Members are in the order of their names (INV-1). */

export interface TagBody {
  readonly colour: string
  readonly name: string
}

export interface AttributeBody {
  readonly Tag: readonly TagBody[]
  readonly category: string
  readonly comment: string
  readonly deleted: boolean
  readonly disable_correlation: boolean
  /** That of the event; left out when the feed's setting at MISP decides. */
  readonly distribution?: '5'
  readonly first_seen?: string
  readonly last_seen?: string
  readonly object_relation?: string
  /** Epoch seconds. */
  readonly timestamp: string
  readonly to_ids: boolean
  readonly type: string
  readonly uuid: string
  readonly value: string
}

export interface ObjectBody {
  readonly Attribute: readonly AttributeBody[]
  readonly ObjectReference: readonly []
  readonly comment: string
  readonly deleted: boolean
  readonly description: string
  readonly distribution?: '5'
  readonly 'meta-category': string
  readonly name: string
  readonly template_uuid: string
  readonly template_version: string
  readonly timestamp: string
  readonly uuid: string
}

export interface ReportBody {
  readonly content: string
  readonly deleted: boolean
  /** That of the event: without it MISP writes a warning, and takes its own default. */
  readonly distribution: '5'
  readonly name: string
  readonly timestamp: string
  readonly uuid: string
}

/** MISP's levels: your organisation, this community, connected communities, all communities. */
export type Distribution = '0' | '1' | '2' | '3'

export interface OrgBody {
  readonly name: string
  readonly uuid: string
}

/** What manifest and event say alike (MISP-1.2). */
export interface EventFacts {
  readonly Orgc: OrgBody
  readonly Tag: readonly TagBody[]
  readonly analysis: string
  /** `YYYY-MM-DD`. */
  readonly date: string
  readonly info: string
  readonly threat_level_id: string
  readonly timestamp: string
}

/** What of an event changes over time. */
export interface EventChildren {
  /** Each ascending uuid. */
  readonly Attribute: readonly AttributeBody[]
  readonly EventReport: readonly ReportBody[]
  readonly Object: readonly ObjectBody[]
}

export interface EventBody extends EventChildren, EventFacts {
  /** Who may see it, as far as MISP's setting for the feed leaves that to the event. */
  readonly distribution?: Distribution
  readonly extends_uuid: string
  readonly publish_timestamp: string
  readonly published: boolean
  readonly uuid: string
}

/** Attributes of an event, those of its Objects included. */
export const attributeCount = (event: EventChildren): number =>
  event.Object.reduce((sum, object) => sum + object.Attribute.length, event.Attribute.length)

/** The organisation that all events come from: Sekoia's own identity (MISP-3.2). */
export const orgc: OrgBody = { name: 'SEKOIA', uuid: '357447d7-9229-4ce1-b7fa-f1b83587048e' }

const colours: readonly (readonly [string, string])[] = [
  ['tlp:clear', '#ffffff'],
  ['tlp:green', '#33ff00'],
  ['tlp:amber', '#ffc000'],
  ['tlp:red', '#ff2b2b'],
  ['kill-chain:', '#5b1a77'],
  ['misp-galaxy:', '#0088cc'],
  ['PAP:', '#8b8b8b']
]

/** Few different tags stand on many attributes: they are the same objects. */
export const toTag = memoize(
  (name: string): TagBody => ({
    colour: colours.find(([start]) => name.startsWith(start))?.[1] ?? '#2c6e8f',
    name
  })
)

/**
 * An event as the text of its file; its members keep the order in which event.ts made them. A large one has megabytes:
 * the work yields where it may be interrupted.
 */
export const toFile = (event: EventBody): Work<Buffer> => writeLined(event, '{"Event":', '}')

/** The event in the text that {@link toFile} made. */
export const parseFile = (text: Buffer): Work<EventBody> =>
  readLined(text, (whole: { readonly Event: EventBody }) => whole.Event)
