import type { Feed } from '../kernel/ports.ts'

/**
 * Whether an object that was fetched by id may belong to a feed, by the feed's filters (U-9). Categories are combined
 * with AND, the values of one with OR (SEKOIA-3.5).
 */

/** An object, parsed; only what filters look at. */
export interface ObjectFacts {
  readonly type?: unknown
  readonly object_marking_refs?: unknown
  readonly x_inthreat_sources_refs?: unknown
  readonly x_ic_observable_types?: unknown
  readonly labels?: unknown
}

/** The four TLP 1.0 markings: the only ones a feed filters on. */
const tlpMarkings: ReadonlySet<string> = new Set([
  '613f2e26-407d-48c7-9eca-b8e91df99dc9',
  '34098fce-860f-48ae-8e50-ebd3cc5e41da',
  'f88d31f6-486f-44da-b317-01333bde0b82',
  '5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
])

/**
 * False only if the filters exclude the object for certain. A category on which the object says nothing excludes
 * nothing.
 */
export function mayBelong(feed: Feed, object: ObjectFacts): boolean {
  const tlps = toUuids(object.object_marking_refs).filter(uuid => tlpMarkings.has(uuid))
  const isIndicator = object.type === 'indicator'
  return (
    meets(feed.types, toTexts([object.type])) &&
    meets(toUuids(feed.tlps), tlps) &&
    meets(toUuids(feed.sources), toUuids(object.x_inthreat_sources_refs)) &&
    meets(feed.labels, toTexts(object.labels)) &&
    (!isIndicator || meets(feed.observableTypes, toTexts(object.x_ic_observable_types)))
  )
}

const meets = (filter: readonly string[], values: readonly string[]): boolean =>
  filter.length === 0 || values.length === 0 || values.some(value => filter.includes(value))

const toTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(text => typeof text === 'string') : []

/** Ids are written with and without their type; the UUID is what counts. */
const toUuids = (value: unknown): string[] =>
  toTexts(value).map(id =>
    id
      .slice(id.lastIndexOf('--') + 1)
      .replace(/^-/, '')
      .toLowerCase()
  )
