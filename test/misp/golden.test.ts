import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { trim } from '../../src/misp/events/source-row.ts'
import { mappingVersion } from '../../src/misp/mapping/mapping.ts'
import {
  type Mapped,
  type MispObject,
  type MispValue,
  templates
} from '../../src/misp/mapping/model.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import {
  mapCourseOfAction,
  mapNote,
  mapReport,
  mapVulnerability
} from '../../src/misp/mapping/report.ts'
import type { Galaxies } from '../../src/misp/mapping/tags/galaxies.ts'
import { loadGalaxies } from '../../src/misp/mapping/tags/galaxies.ts'
import { subjectNamers } from '../../src/misp/mapping/tags/tag-names.ts'
import {
  commentOf,
  confidenceTag,
  ownTags,
  statementsOf,
  tagsOf,
  tlpOf
} from '../../src/misp/mapping/tags/tags.ts'
import { valueTypes } from '../../src/misp/mapping/values/attribute-types.ts'
import { fallbackReasons } from '../../src/misp/mapping/values/fallbacks.ts'
import { markingRefsOf, type StixObject, timeOf } from '../../src/stix/object.ts'
import { spellings } from '../../src/stix/pattern/lenient.ts'

/** One entry for every row of MISP-3.1 and MISP-3.2, STIX beside what MISP gets. */
interface Row {
  /** The row, and which of its cases. */
  readonly row: string
  readonly stix: Readonly<Record<string, unknown>>
  readonly misp: unknown
}

interface ContextRow extends Row {
  readonly made: keyof typeof makers
  /** With the galaxies below at hand. */
  readonly galaxies?: boolean
}

const rowsOf = <T extends Row>(file: string): T[] =>
  JSON.parse(readFileSync(new URL(`golden/${file}.json`, import.meta.url), 'utf8'))

/** A pattern as tools of the field write it, and the rule by which it is read. */
interface FieldRow extends Row {
  readonly rule: string
}

const indicators = rowsOf<Row>('indicators')
const field = rowsOf<FieldRow>('field')
const contexts = rowsOf<ContextRow>('context')

/** As it is stored. */
const toObject = (stix: Row['stix'], type = 'indicator'): StixObject =>
  trim({ id: 'golden--1', type, ...stix })

/** As JSON has it, where nothing is `null`. */
const plain = (mapped: Mapped) => ({ ...mapped, fallback: mapped.fallback ?? null })

for (const { row, stix, misp } of indicators) {
  t.test(`MISP-3.1 ${row}`, async t => {
    t.strictSame(plain(mapIndicator(toObject(stix))), misp)
  })
}

for (const { rule, row, stix, misp } of field) {
  t.test(`${rule}: ${row}`, async t => {
    t.strictSame(plain(mapIndicator(toObject(stix))), misp)
  })
}

const galaxyFiles = {
  'threat-actor': [{ value: 'Example Bear', meta: { synonyms: ['EX-1'] } }],
  malpedia: [{ value: 'Example RAT' }],
  sector: [{ value: 'Finance' }],
  'target-information': [{ value: 'France' }],
  'mitre-malware': [{ value: 'Agent Tesla - S0331', meta: { external_id: 'S0331' } }],
  'mitre-attack-pattern': [{ value: 'Phishing - T1566', meta: { external_id: 'T1566' } }],
  'mitre-tool': [{ value: 'Mimikatz - S0002', meta: { external_id: 'S0002' } }],
  'mitre-ics-techniques': [
    { value: 'Block Command Message - T0803', meta: { external_id: 'T0803' } }
  ],
  'mitre-mobile-attack-attack-pattern': [
    { value: 'Screen Capture - T1513', meta: { external_id: 'T1513' } }
  ],
  'mitre-campaign': [
    { value: '2015 Ukraine Electric Power Attack - C0028', meta: { external_id: 'C0028' } }
  ]
}
const folder = t.testdir(
  Object.fromEntries(
    Object.entries(galaxyFiles).map(([type, values]) => [
      `${type}.json`,
      JSON.stringify({ type, values })
    ])
  )
)

const statements = ['RED', 'AMBER', 'GREEN', 'CLEAR'].map(level => ({
  id: `marking-definition--pap-${level.toLowerCase()}`,
  type: 'marking-definition',
  definition_type: 'statement',
  definition: { statement: `PAP:${level}` }
}))
const tlpStatement = {
  id: 'marking-definition--tlp-statement',
  type: 'marking-definition',
  definition_type: 'statement',
  definition: { statement: 'Not to be passed on: TLP:RED.' }
}
const resolve = (wanted: string) => [...statements, tlpStatement].find(({ id }) => id === wanted)

const makers = {
  tlp: (object: StixObject) => tlpOf(markingRefsOf(object), resolve, 'amber', statementsOf(object)),
  ownTags: (object: StixObject) => ownTags(object, resolve),
  confidence: (object: StixObject) => confidenceTag(object['confidence']),
  comment: (object: StixObject) =>
    commentOf({
      id: object.id,
      name: object['name'] as string,
      confidence: object['confidence'] as number,
      until: timeOf(object, 'valid_until')!
    }),
  source: (object: StixObject, galaxies?: Galaxies) => tagsOf(object, 'source', galaxies),
  subject: (object: StixObject, galaxies?: Galaxies) => tagsOf(object, 'subject', galaxies),
  courseOfAction: (object: StixObject) => mapCourseOfAction(object),
  report: (object: StixObject) => mapReport(object),
  vulnerability: (object: StixObject) => mapVulnerability(object),
  note: (object: StixObject) => mapNote(object)
}

t.test('MISP-3.2', async t => {
  const galaxies = await loadGalaxies(folder)
  for (const { row, made, stix, misp, ...options } of contexts) {
    const args = options.galaxies ? ([galaxies] as const) : []
    t.strictSame(makers[made](toObject(stix), ...args), misp, row)
  }
})

/** Of what the golden files expect, under each version of the mapping. */
const digests: Readonly<Record<number, string>> = { 5: '0f37219d102fb0bc' }

t.test('a mapping that makes something else has another version', t => {
  const expected = JSON.stringify([...indicators, ...field, ...contexts].map(({ misp }) => misp))
  t.equal(
    hash('sha256', expected).slice(0, 16),
    digests[mappingVersion],
    'raise mappingVersion, so that stored feeds are made again, and note the new digest here'
  )
  t.end()
})

t.test('rows of the golden files are told apart by their names', async t => {
  const rules = field.map(({ rule, row }) => `${rule}: ${row}`)
  const names = [...[...indicators, ...contexts].map(({ row }) => row), ...rules]
  t.equal(new Set(names).size, names.length)
})

const mapped = [...indicators, ...field].map(({ misp }) => misp as Mapped)
const madeBy = (made: ContextRow['made']) => contexts.filter(row => row.made === made)
const objects = [
  ...mapped.flatMap(({ objects }) => objects),
  ...madeBy('courseOfAction').map(({ misp }) => misp as MispObject)
]
const values: readonly MispValue[] = [
  ...mapped.flatMap(({ attributes }) => attributes),
  ...objects.flatMap(object => object.values),
  ...madeBy('report').flatMap(({ misp }) => {
    const { links, vulnerabilities } = misp as ReturnType<typeof mapReport>
    return [...links, ...vulnerabilities]
  })
]

t.test('every template has a golden row', async t => {
  t.strictSame(
    [...new Set(objects.map(({ template }) => template))].sort(),
    Object.keys(templates).sort()
  )
})

t.test('every type and category that can be emitted has a golden row', async t => {
  const emitted = Object.entries(valueTypes).flatMap(([type, { categories }]) =>
    categories.map(category => `${type} in ${category}`)
  )
  const golden = values.map(({ type, category }) => `${type} in ${category}`)
  t.strictSame([...new Set(golden)].sort(), emitted.sort())
})

t.test('every reason for a fallback has a golden row, or emits nothing', async t => {
  const silent = ['no-pattern', 'too-long']
  const golden = mapped.flatMap(({ fallback }) => fallback ?? [])
  t.strictSame([...new Set([...golden, ...silent])].sort(), [...fallbackReasons].sort())
})

t.test('every near-valid spelling has a golden row', async t => {
  const golden = mapped.flatMap(({ spellings: seen }) => seen ?? [])
  t.strictSame([...new Set(golden)].sort(), [...spellings].sort())
})

t.test('every Object has a relation that its template requires', async t => {
  for (const { template, values } of objects) {
    const required: readonly string[] = templates[template].requiredOneOf
    t.ok(
      values.some(({ relation }) => required.includes(relation)),
      template
    )
  }
})

t.test('every type of object that names something has a golden row', async t => {
  const golden = madeBy('subject').map(({ stix }) => stix['type'])
  t.strictSame([...new Set(golden)].sort(), Object.keys(subjectNamers).sort())
})
