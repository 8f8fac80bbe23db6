import fc from 'fast-check'
import t from 'tap'
import { tlps } from '../../src/misp/mapping/model.ts'
import type { Galaxies } from '../../src/misp/mapping/tags/galaxies.ts'
import {
  type MalpediaTags,
  malpediaTags,
  subjectNamers
} from '../../src/misp/mapping/tags/tag-names.ts'
import {
  commentOf,
  confidenceTag,
  contextRefs,
  isWellKnownMarking,
  joinComments,
  maxImpacted,
  ownTags,
  tagsOf,
  tlpOf
} from '../../src/misp/mapping/tags/tags.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { stixId } from '../support/objects.ts'

/** What is not in the golden files: bounds, odd objects, and what holds for all. */

const seed = 20_261_124

const object = (type: string, members: object = {}): StixObject => ({
  id: stixId(type, 1),
  type,
  ...members
})

const white = 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'
const amber1 = 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82'
const amber2 = 'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421'
const strict = 'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003'

/** Resolves every id to the marking. */
const as = (members: object) => () => object('marking-definition', members)
const own = stixId('marking-definition', 7)

t.test('the most closed of several markings wins, in whatever order they come', async t => {
  const none = () => undefined
  for (const refs of [
    [white, strict, amber1],
    [strict, white, amber2],
    [amber2, strict, white]
  ])
    t.equal(tlpOf(refs, none, 'clear'), 'amber+strict')
})

t.test(
  'TLP: clear is for all, then green, amber, amber+strict, and red for the fewest',
  async t => {
    const open = ['clear', 'green', 'amber', 'amber+strict', 'red'] as const
    const none = () => undefined
    for (const [n, closed] of open.entries())
      for (const other of open.slice(0, n + 1)) {
        t.equal(tlpOf([], none, 'clear', [`TLP:${other}`, `TLP:${closed}`]), closed)
        t.equal(tlpOf([], none, 'red', [`TLP:${closed}`, `TLP:${other}`]), closed)
      }
  }
)

t.test('a marking that does not say a level leaves the default', async t => {
  for (const members of [
    {},
    { definition_type: 'statement', definition: { statement: 'Copyright Example' } },
    { definition_type: 'tlp', definition: { tlp: 'purple' } },
    { definition: null, extensions: 'x', name: 7 },
    { name: 'TLP:AMBER:more' },
    { name: 'PAP:RED' }
  ])
    t.equal(tlpOf([own], as(members), 'green'), 'green', JSON.stringify(members))
  t.equal(
    tlpOf([own], () => undefined, 'red'),
    'red'
  )
  t.equal(tlpOf([7, null, { id: white }], as({}), 'red'), 'red')
})

t.test('levels of markings with other ids are read where they are written', async t => {
  const extension = 'extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d'
  for (const [members, level] of [
    [{ definition_type: 'tlp', definition: { tlp: 'WHITE' }, name: 'TLP:WHITE' }, 'clear'],
    [{ definition_type: 'tlp', definition: { tlp: 'red' } }, 'red'],
    [{ name: 'TLP: Amber+Strict' }, 'amber+strict'],
    [{ definition_type: 'TLP:GREEN' }, 'green'],
    [{ definition_type: 'statement', definition: { statement: 'TLP:RED' } }, 'red'],
    [{ extensions: { [extension]: { tlp_2_0: 'amber' } } }, 'amber']
  ] as const)
    t.equal(tlpOf([own], as(members), 'clear'), level, JSON.stringify(members))
})

t.test('a marking that carries a known level is worth more than the default', async t => {
  t.equal(
    tlpOf([white], () => undefined, 'red'),
    'clear'
  )
})

t.test('only markings of TLP with the ids of the specification are well known', async t => {
  t.ok(isWellKnownMarking(white))
  t.ok(isWellKnownMarking(strict))
  t.notOk(isWellKnownMarking(own))
})

t.test('PAP is read from statements and names; PAP:WHITE is PAP:CLEAR', async t => {
  const marked = object('indicator', { object_marking_refs: [own, own] })
  t.strictSame(ownTags(marked, as({ definition: { statement: ' pap:white ' } })), ['PAP:CLEAR'])
  t.strictSame(ownTags(marked, as({ name: 'PAP:AMBER' })), ['PAP:AMBER'])
  t.strictSame(ownTags(marked, as({ name: 'PAP:toString' })), [])
  t.strictSame(ownTags(marked), [])
})

t.test(
  'own tags are sorted and each there once; what is not to be read is passed over',
  async t => {
    const phase = (chain: unknown, name: unknown) => ({ kill_chain_name: chain, phase_name: name })
    const tags = ownTags(
      object('indicator', {
        labels: ['c2', 7, '', 'c2', 'a "b"\nc'],
        kill_chain_phases: [
          phase('mitre-attack', 'Command and Control'),
          phase('lockheed-martin-cyber-kill-chain', 'command_and_control'),
          phase('lockheed-martin-cyber-kill-chain', 'coffee'),
          phase('lockheed-martin-cyber-kill-chain', 'constructor'),
          phase('other', 'delivery'),
          phase(7, null),
          'delivery',
          null
        ],
        confidence: 90
      })
    )
    t.strictSame(tags, [
      'kill-chain:Command and Control',
      'sekoia:label="a \'b\' c"',
      'sekoia:label="c2"',
      'sekoia:mitre-tactic="command-and-control"'
    ])
    for (const odd of [null, 7, 'x', {}, [[]]])
      t.strictSame(ownTags(object('indicator', { labels: odd, kill_chain_phases: odd })), [])
  }
)

t.test(
  'context: sources, related threats, impacted sectors and locations, each id once',
  async t => {
    const [source, threat, sector, place] = ['identity', 'malware', 'identity', 'location'].map(
      (type, n) => stixId(type, n)
    ) as [string, string, string, string]
    t.strictSame(
      contextRefs(
        object('indicator', {
          x_inthreat_sources_refs: [source, 7, null],
          x_ic_related_threat_refs: [threat, source],
          x_ic_impacted_sectors: [sector],
          x_ic_impacted_locations: [place]
        })
      ),
      [source, threat, sector, place]
    )
    t.strictSame(contextRefs(object('indicator', { x_inthreat_sources_refs: 'x' })), [])
  }
)

t.test('sectors and locations are left out where there are too many of them', async t => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => stixId('location', n))
  const refs = (sectors: number, locations: number) =>
    contextRefs(
      object('indicator', {
        x_ic_impacted_sectors: ids(sectors),
        x_ic_impacted_locations: ids(locations)
      })
    ).length
  t.equal(refs(0, maxImpacted), maxImpacted)
  t.equal(refs(0, maxImpacted + 1), 0)
  t.equal(refs(maxImpacted + 1, 3), 3)
})

const attack = (id: unknown, url?: string) => ({
  name: 'Example',
  x_mitre_domains: ['enterprise-attack'],
  external_references: [
    { source_name: 'capec', external_id: 'CAPEC-98' },
    { source_name: 'mitre-attack', external_id: id, url }
  ]
})

t.test('the id of ATT&CK is external_id, or the end of the url', async t => {
  const pattern = (id: unknown, url?: string) =>
    tagsOf(object('attack-pattern', attack(id, url)), 'subject')[0]
  const tag = (id: string) => `misp-galaxy:mitre-attack-pattern="Example - ${id}"`
  t.equal(pattern('T1566.002', 'https://example.com/T1000'), tag('T1566.002'))
  t.equal(pattern(null, 'https://attack.mitre.org/techniques/T1566/002/'), tag('T1566.002'))
  t.equal(pattern('', 'https://attack.mitre.org/techniques/T1566'), tag('T1566'))
  for (const [id, url] of [
    ['S0331'],
    ['T15'],
    ['', 'https://attack.mitre.org/'],
    [undefined, undefined]
  ] as const)
    t.equal(pattern(id, url), 'sekoia:attack-pattern="Example"', `${id} ${url}`)
})

t.test('malware of malpedia is named by the galaxy, by our own tag, or by both', async t => {
  const galaxies: Galaxies = {
    has: type => type === 'malpedia',
    byName: (type, name) => (type === 'malpedia' && name === 'RAT' ? 'Example RAT' : undefined),
    byId: () => undefined,
    problems: [],
    digest: ''
  }
  const named = (name: string, malpedia?: MalpediaTags) =>
    tagsOf(object('malware', { name }), 'subject', galaxies, malpedia)
  const [theirs, ours] = ['misp-galaxy:malpedia="Example RAT"', 'sekoia:malware="RAT"']
  t.strictSame(named('RAT'), [theirs])
  t.strictSame(named('RAT', 'galaxy'), [theirs])
  t.strictSame(named('RAT', 'tag'), [ours])
  t.strictSame(named('RAT', 'both'), [theirs, ours])
  for (const malpedia of malpediaTags)
    t.strictSame(named('Other', malpedia), ['sekoia:malware="Other"'], malpedia)
})

t.test('an object without a name names nothing', async t => {
  for (const type of Object.keys(subjectNamers)) {
    for (const name of [undefined, null, '', ' \n', 7])
      t.strictSame(tagsOf(object(type, { ...attack('T1566'), name }), 'subject'), [], type)
    t.strictSame(tagsOf(object(type), 'source'), [], type)
  }
})

t.test('a source is nobody’s subject, and other types are neither', async t => {
  t.strictSame(tagsOf(object('identity', { name: 'A', x_ic_is_source: true }), 'subject'), [])
  t.strictSame(tagsOf(object('malware', { name: 'A' }), 'source'), [])
  for (const type of ['indicator', 'relationship', 'marking-definition', 'constructor'])
    t.strictSame(tagsOf(object(type, { name: 'A' }), 'subject'), [], type)
})

t.test('a location without a name is named by its country or region', async t => {
  const named = (members: object) => tagsOf(object('location', members), 'subject')
  t.strictSame(named({ country: 'FR', region: 'europe' }), ['sekoia:location="FR"'])
  t.strictSame(named({ region: 'europe' }), ['sekoia:location="europe"'])
})

const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constant('x"\n\ud800'))

t.test('tags have one line, at most 255 characters, quotes only around the value', async t => {
  const namers = fc.constantFrom(...Object.keys(subjectNamers))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(namers, name, fc.boolean(), (type, name, isSource) => {
        const tags = [
          ...tagsOf(object(type, { name }), isSource ? 'source' : 'subject'),
          ...ownTags(object('indicator', { labels: [name] }))
        ]
        return tags.every(
          tag => tag.length <= 255 && /^[a-z]+:[a-z-]+="[^"\p{Cc}\p{Cs}]*\S"$/u.test(tag)
        )
      }),
      { seed, numRuns: 3000 }
    )
  )
})

t.test('OpenCTI reads none of our own tags as something else (MISP-2)', async t => {
  const words = ['malware', 'tool', 'mitre', 'intrusion-set', 'marking', 'creator', 'tlp']
  for (const type of Object.keys(subjectNamers)) {
    const [tag] = tagsOf(object(type, { name: 'A' }), 'subject')
    t.notOk(
      words.some(word => tag!.startsWith(word)),
      type
    )
  }
})

t.test('confidence that is no number from 0 to 100 is no tag', async t => {
  for (const confidence of [null, undefined, '70', -1, 101, Number.NaN])
    t.strictSame(confidenceTag(confidence), [], String(confidence))
})

t.test('a comment leaves out what is not known', async t => {
  t.equal(commentOf({ name: '', id: 'indicator--1' }), 'indicator--1')
  t.equal(
    commentOf({ name: 'a', confidence: 0, until: 0, id: 'indicator--1' }),
    'a; confidence 0; expires 1970-01-01; indicator--1'
  )
})

t.test('a name in a comment is on one line and at most 200 characters', async t => {
  const comment = commentOf({ name: ` a\n${'b'.repeat(300)}`, id: 'indicator--1' })
  t.equal(comment, `a ${'b'.repeat(197)}…; indicator--1`)
})

t.test('comments of several sources are sorted, and each there once', async t => {
  t.equal(
    joinComments(['b; id--2', 'a; id--3', 'b; id--1', 'a; id--3']),
    'a; id--3 | b; id--1 | b; id--2'
  )
  t.equal(joinComments(['a; id--1']), 'a; id--1')
  t.equal(joinComments([]), '')
})

t.test('comments have at most 1 kB and say how many have no room', async t => {
  const sources = fc.uniqueArray(
    fc.record({ name, confidence: fc.nat(100), id: fc.uuid().map(id => `indicator--${id}`) }),
    { minLength: 1, maxLength: 60, size: 'max', selector: ({ id }) => id }
  )
  let cut = 0
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(sources, sources => {
        const comment = joinComments(sources.map(commentOf))
        const shown = sources.filter(({ id }) => comment.includes(id)).length
        const more = Number(/ \| and (\d+) more$/.exec(comment)?.[1] ?? 0)
        if (more > 0) cut++
        return Buffer.byteLength(comment) <= 1024 && shown > 0 && shown + more === sources.length
      }),
      { seed, numRuns: 500 }
    )
  )
  t.ok(cut > 100, `${cut} cut`)
})

t.test('whatever an object holds, its tags and refs are made without an error', async t => {
  const types = fc.constantFrom(...Object.keys(subjectNamers), 'indicator')
  const members = fc.constantFrom(
    ...['name', 'labels', 'kill_chain_phases', 'external_references', 'object_marking_refs'],
    ...['x_ic_impacted_sectors', 'x_inthreat_sources_refs', 'country', 'definition', 'extensions']
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(types, fc.dictionary(members, fc.anything()), (type, rest) => {
        const odd = object(type, rest)
        const resolve = () => odd
        const level = tlpOf([odd.id], resolve, 'green')
        const lists = [
          ownTags(odd, resolve),
          contextRefs(odd),
          tagsOf(odd, 'source'),
          tagsOf(odd, 'subject')
        ]
        return tlps.includes(level) && lists.flat().every(item => typeof item === 'string')
      }),
      { seed, numRuns: 3000 }
    )
  )
})
