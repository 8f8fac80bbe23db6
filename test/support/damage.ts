import fc from 'fast-check'
import { stixId } from './objects.ts'

/** Sound STIX objects of many types, and what feeds do to them. */

type StixObject = Record<string, unknown> & { readonly id: string; readonly type: string }

const common = {
  spec_version: '2.1',
  created: '2024-05-01T10:00:00.000Z',
  modified: '2024-05-02T10:00:00.000Z'
}
const sdo = (type: string, members: object): StixObject => ({
  type,
  id: stixId(type, 1),
  ...common,
  ...members
})

const references = [
  { source_name: 'report', url: 'https://example.com/r' },
  { source_name: 'mitre', external_id: 'T1000' }
]
const phases = [{ kill_chain_name: 'mitre-attack', phase_name: 'delivery' }]
const seen = { first_seen: '2024-01-01T10:00:00Z', last_seen: '2024-04-01T10:00:00.5Z' }

export const soundObjects: readonly StixObject[] = [
  sdo('indicator', {
    name: 'a name',
    pattern: "[ipv4-addr:value = '198.51.100.7']",
    pattern_type: 'stix',
    valid_from: '2024-05-01T10:00:00Z',
    valid_until: '2024-06-01T12:00:00Z',
    labels: ['c2'],
    kill_chain_phases: phases
  }),
  sdo('relationship', {
    relationship_type: 'indicates',
    source_ref: stixId('indicator', 1),
    target_ref: stixId('malware', 1),
    start_time: '2024-05-01T12:00:00Z',
    stop_time: '2024-07-01T12:00:00Z'
  }),
  sdo('malware', { name: 'family', is_family: true, ...seen, external_references: references }),
  sdo('campaign', { name: 'campaign', ...seen, aliases: ['other'] }),
  sdo('attack-pattern', { name: 'technique', kill_chain_phases: phases }),
  sdo('identity', { name: 'author', identity_class: 'organization' }),
  sdo('report', {
    name: 'report',
    published: '2024-05-01T12:00:00Z',
    object_refs: [stixId('malware', 1), stixId('campaign', 1)]
  }),
  sdo('observed-data', {
    first_observed: '2024-05-01T12:00:00Z',
    last_observed: '2024-05-01T13:00:00Z',
    number_observed: 2,
    object_refs: ['ipv4-addr--035c4ea0-d73b-5bde-bd6f-c806b04f2ec3']
  }),
  sdo('sighting', { sighting_of_ref: stixId('malware', 1), ...seen }),
  sdo('note', { content: 'text', object_refs: [stixId('malware', 1)] }),
  {
    type: 'ipv4-addr',
    spec_version: '2.1',
    id: 'ipv4-addr--035c4ea0-d73b-5bde-bd6f-c806b04f2ec3',
    value: '198.51.100.0'
  }
]

/** The same instant written otherwise: what each of them becomes is a STIX timestamp. */
const spellings: readonly ((time: string) => string)[] = [
  time => time.slice(0, -1),
  time => time.slice(0, -1).replace('T', ' '),
  time => time.toLowerCase(),
  time => time.replace('Z', '+00:00'),
  time => time.replace('Z', '+0000'),
  time => `${new Date(Date.parse(time) + 7_200_000).toISOString().slice(0, -1)}+02:00`,
  time => time.replace(/\.\d+/, ''),
  time => time.replace(/T(\d\d):00:00/, (_, hour) => `T${String(hour - 1).padStart(2, '0')}:59:60`)
]
const brokenTimes = ['soon', '', '2024-02-30T00:00:00Z', '0000-00-00T00:00:00Z', 12, true, ['x']]
const nothings = [null, [], {}, [null], { a: null }]

const times = [
  'created',
  'modified',
  'valid_from',
  'valid_until',
  'first_seen',
  'last_seen',
  'start_time',
  'stop_time',
  'published',
  'first_observed',
  'last_observed'
]

/** A change to one member; undefined takes it out. */
export interface Damage {
  readonly member: string
  readonly value: unknown
}

export interface Damaged {
  readonly sound: StixObject
  readonly damages: readonly Damage[]
  readonly object: StixObject
}

const spelled = (sound: StixObject, names: readonly string[]): fc.Arbitrary<Damage> =>
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...spellings))
    .map(([member, spell]) => ({ member, value: spell(String(sound[member])) }))

function damageOf(sound: StixObject): fc.Arbitrary<Damage> {
  const own = Object.keys(sound).filter(key => key !== 'id' && key !== 'type')
  const ownTimes = times.filter(name => name in sound)
  const isObservable = ownTimes.length === 0
  const member = (names: readonly string[], values: readonly unknown[]) =>
    fc.record({ member: fc.constantFrom(...names), value: fc.constantFrom(...values) })
  return fc.oneof(
    member(own, nothings),
    member(['description', 'labels', 'external_references', 'x_own'], nothings),
    member(
      ['external_references'],
      [
        [{ source_name: null, url: 'https://example.com/' }],
        [references[0], null],
        [{ ...references[0], external_id: null }]
      ]
    ),
    member(['kill_chain_phases'], [[{ kill_chain_name: 'a', phase_name: {} }], [phases[0], {}]]),
    member(['spec_version'], [undefined, '', null, 2.1]),
    member(['x_own'], [{ a: [null, 1], b: {} }]),
    ...(isObservable ? [] : [spelled(sound, ownTimes), member(ownTimes, brokenTimes)])
  )
}

/** A sound object with one to three changes, its members in any order. */
export const damaged: fc.Arbitrary<Damaged> = fc
  .constantFrom(...soundObjects)
  .chain(sound =>
    fc.tuple(
      fc.constant(sound),
      fc.array(damageOf(sound), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(), { minLength: 24, maxLength: 24 })
    )
  )
  .map(([sound, damages, order]) => {
    const members = {
      ...sound,
      ...Object.fromEntries(damages.map(({ member, value }) => [member, value]))
    }
    const entries = Object.entries(members)
      .filter(([, value]) => value !== undefined)
      .map((entry, n) => ({ entry, rank: order[n]! }))
      .sort((a, b) => a.rank - b.rank)
    const object = Object.fromEntries(entries.map(({ entry }) => entry)) as StixObject
    return { sound, damages, object }
  })
