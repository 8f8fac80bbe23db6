import t from 'tap'
import { templates } from '../../src/misp/mapping/model.ts'
import { repeatable } from '../../src/misp/mapping/pattern/observables.ts'
import { valueTypes } from '../../src/misp/mapping/values/attribute-types.ts'
import { fileHashes } from '../../src/misp/mapping/values/file-hashes.ts'
import { type FieldRow, readGolden, type UnusedTypes } from '../support/misp/golden-rows.ts'
import { describeTypes } from '../support/misp/python-types.ts'
import { preparePython, pythonTimeoutMs } from '../support/python.ts'

/** The tables of the mapping against what PyMISP knows of MISP's types and Object templates. */

t.setTimeout(2 * pythonTimeoutMs)
preparePython()

const described = await describeTypes(Object.keys(templates))
const rows = [...readGolden<FieldRow>('indicators'), ...readGolden<FieldRow>('field')]
const objects = rows.flatMap(({ misp }) => misp.objects)
const unused = readGolden<UnusedTypes>('unused-types').flatMap(({ types }) => types)

t.test(
  'every type of MISP is given to it, or is left out for a reason, and none is both',
  async t => {
    const used = Object.keys(valueTypes)
    t.strictSame([...used, ...unused].sort(), Object.keys(described.types).sort())
  }
)

t.test('every category is one in which MISP takes the type', async t => {
  for (const [type, { categories }] of Object.entries(valueTypes)) {
    const allowed = described.types[type]?.categories ?? []
    for (const category of categories) t.ok(allowed.includes(category), `${type} in ${category}`)
  }
})

/** Where the gateway has another category than MISP would choose. */
const otherCategories: Readonly<Record<string, string>> = {
  cpe: 'it is what runs, not a report about it',
  'stix2-pattern': 'most patterns are of the network'
}

t.test("the first category is MISP's default, except for a reason", async t => {
  for (const [type, { categories }] of Object.entries(valueTypes)) {
    const isDefault = categories[0] === described.types[type]?.category
    t.equal(isDefault, !(type in otherCategories), type)
  }
})

t.test('what is looked for is of a type that MISP looks for by default', async t => {
  const values = rows.flatMap(({ misp }) => [
    ...misp.attributes,
    ...misp.objects.flatMap(({ values }) => values)
  ])
  const looked = new Set(values.filter(({ toIds }) => toIds).map(({ type }) => type))
  t.ok(looked.size > 50, `${looked.size} types`)
  for (const type of looked) t.ok(described.types[type]?.toIds, type)
})

t.test('every hash of a file that MISP has with a name is there with a name', async t => {
  const types = [...fileHashes.values()].map(type => `filename|${type}`)
  const known = types.filter(type => type in described.types && !unused.includes(type))
  t.strictSame(known.filter(type => type in valueTypes).sort(), known.sort())
})

for (const [name, template] of Object.entries(templates)) {
  t.test(`the template ${name} is that of misp-objects`, async t => {
    const definition = described.templates[name]!
    const { uuid, version, category, requiredOneOf } = template
    t.strictSame(
      { uuid, version, category },
      { uuid: definition.uuid, version: definition.version, category: definition.category }
    )
    t.strictSame(definition.required, [])
    for (const relation of requiredOneOf)
      t.ok(definition.requiredOneOf.includes(relation), `${relation} is enough`)
    for (const { relation, type } of objects
      .filter(object => object.template === name)
      .flatMap(({ values }) => values)) {
      t.equal(type, definition.relations[relation], `the type of ${relation}`)
      const isEnough = definition.requiredOneOf.includes(relation)
      t.equal((requiredOneOf as readonly string[]).includes(relation), isEnough, relation)
    }
  })
}

t.test('an Object has several only of what its template allows', async t => {
  const multiple = new Set(Object.values(described.templates).flatMap(({ multiple }) => multiple))
  for (const relation of repeatable) t.ok(multiple.has(relation), relation)
})
