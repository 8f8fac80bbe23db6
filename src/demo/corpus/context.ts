/**
 * What pages refer to but never hold: markings, the SEKOIA identity, sources, sectors and locations. They come
 * by id only (SEKOIA-9.17).
 */
import { hash, uuidOf } from './random.ts'

export const sekoia = 'identity--357447d7-9229-4ce1-b7fa-f1b83587048e'

/** Sekoia's ids of TLP 1.0: those of STIX 2.1, with other bodies. */
export const tlp = {
  white: 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9',
  green: 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
  amber: 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82',
  red: 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
} as const

export type StixObject = Record<string, unknown> & { id: string; type: string }

export interface Context {
  readonly objects: ReadonlyMap<string, StixObject>
  readonly sources: readonly string[]
  readonly sectors: readonly string[]
  readonly locations: readonly string[]
  /** The first `count` ids as the inside of a JSON array. */
  sectorsText(count: number): string
  locationsText(count: number): string
}

const common = { spec_version: '2.1', lang: 'en', revoked: false, x_ic_deprecated: false }

/** The context objects of a seed, in the form in which they come by id. */
export function makeContext(seed: number): Context {
  const sources = names(seed, 'identity', 0xf0000000, 60)
  const sectors = names(seed, 'identity', 0xf1000000, 49)
  const locations = names(seed, 'location', 0xf2000000, 278)
  const objects: StixObject[] = [
    ...Object.entries(tlp).map(([colour, id]) => marking(colour, id)),
    statement,
    sekoiaIdentity,
    ...sources.map((id, i) => identity(id, `Source ${i} (synthetic)`, { x_ic_is_source: true })),
    ...sectors.map((id, i) => identity(id, `Sector ${i}`, { x_ic_is_sector: true })),
    ...locations.map((id, i) => location(id, `Location ${i}`))
  ]
  return {
    objects: new Map(objects.map(o => [o.id, o])),
    sources,
    sectors,
    locations,
    sectorsText: prefixes(sectors),
    locationsText: prefixes(locations)
  }
}

/** One to three sources of an object. */
export function sourcesOf(context: Context, seed: number, index: number): string[] {
  const pick = hash(seed, index, 40)
  const count = pick % 8 === 0 ? 3 : pick % 8 < 3 ? 2 : 1
  return Array.from({ length: count }, (_, i) => context.sources[((pick >>> 8) + i * 7) % 60]!)
}

/** All ids of a list have the same length, so the text of the first few is a prefix of the text of all. */
function prefixes(ids: readonly string[]): (count: number) => string {
  const text = JSON.stringify(ids).slice(1)
  const each = ids[0]!.length + 3
  return count => text.slice(0, each * count - 1)
}

const names = (seed: number, type: string, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${type}--${uuidOf(seed, first + i)}`)

const marking = (colour: string, id: string): StixObject => ({
  type: 'marking-definition',
  spec_version: '2.1',
  id,
  created: colour === 'green' ? '2019-10-09T16:10:07.239899Z' : '2019-10-31T16:57:02.018068Z',
  created_by_ref: sekoia,
  definition_type: 'tlp',
  definition: { tlp: colour },
  name: `TLP:${colour.toUpperCase()}`,
  object_marking_refs: [tlp.green],
  x_ic_deprecated: false
})

const statement: StixObject = {
  type: 'marking-definition',
  spec_version: '2.1',
  id: 'marking-definition--bf973641-9d22-45d7-a307-ccdc68e120b9',
  created: '2019-10-31T16:57:02.018068Z',
  definition_type: 'statement',
  definition: { statement: 'Synthetic statement marking' }
}

const written = {
  created: '2019-10-09T16:10:07.239899Z',
  modified: '2019-10-09T16:10:07.239899Z',
  created_by_ref: sekoia,
  object_marking_refs: [tlp.white]
}

const identity = (id: string, name: string, extra: object): StixObject => ({
  ...common,
  type: 'identity',
  id,
  ...written,
  name,
  identity_class: 'organization',
  ...extra
})

const sekoiaIdentity = identity(sekoia, 'SEKOIA', {
  created: '2008-01-01T00:00:00Z',
  modified: '2019-09-30T07:54:40.149166Z',
  sectors: ['technology'],
  confidence: 95,
  x_ic_is_source: true
})

const location = (id: string, name: string): StixObject => ({
  ...common,
  type: 'location',
  id,
  ...written,
  name,
  region: 'western-europe'
})
