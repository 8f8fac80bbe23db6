import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** Labels such as P-39 or MISP-1.9: what code, tests and documents cite is explained in docs/reference. */

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesBelow = (folder: string, ending: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => ending.test(name) && !name.includes('node_modules'))
    .map(name => join(folder, name))

const self = 'test/reference.test.ts'
const citing = ['src', 'test', 'bench', 'docs']
  .flatMap(folder => filesBelow(folder, /\.(ts|py|md)$/))
  .filter(path => path !== self)
const references = filesBelow('docs/reference', /\.md$/)

/** All labels with their anchors. `-2` in `T-3.2-1, -2` goes on from the label before. */
const label =
  /(?<![\w/.-])(?:(?:CLASS-[A-Z]|TS6)|(?:[PDUH]|MP|INV)-\d+(?:\.\d+)?|(?:CLIENT|MISP|SEKOIA|NATIVE)-\d+(?:\.\d+)?|I-\d[\d.]*\d|T-(?:B|\d[\d.]*)-\d+(?:, -\d+)*|[GKMR]\d{1,2}b?)(?![\w-])/g

const expand = (cited: string): string[] => {
  const [first = '', ...more] = cited.split(', -')
  return [first, ...more.map(number => first.replace(/\d+$/, number))]
}

const labelsIn = (text: string): string[] =>
  [...text.matchAll(label)].flatMap(match => expand(match[0]))

const anchors = new Set(
  references.flatMap(path => [...read(path).matchAll(/<a id="([^"]+)">/g)].map(match => match[1]!))
)

t.test('every label that is cited is explained in docs/reference', async t => {
  t.strictSame(labelsIn('T-3.2-1, -2: x (P-41, MISP-1.9; G1b)'), [
    'T-3.2-1',
    'T-3.2-2',
    'P-41',
    'MISP-1.9',
    'G1b'
  ])
  for (const path of citing) {
    const unknown = labelsIn(read(path)).filter(cited => !anchors.has(cited.toLowerCase()))
    t.strictSame(unknown, [], path)
  }
})

t.test('each label is explained once', async t => {
  const all = references.flatMap(path =>
    [...read(path).matchAll(/<a id="([^"]+)">/g)].map(match => match[1]!)
  )
  t.strictSame(
    all.filter((anchor, at) => all.indexOf(anchor) !== at),
    []
  )
})

t.test('a section sign stands behind the name of a standard', async t => {
  const oneLine = (text: string) => text.replace(/\n\s*(?:\*|#|\/\/)?\s*/g, ' ')
  const standard =
    /(?:TAXII 2\.1|STIX 2\.1|RFC \d{4}) §[\d.]+(?:(?:, | to | and |–| – )§?\d[\d.]*)*/g
  for (const path of citing) {
    const rest = oneLine(read(path)).replace(standard, '')
    t.strictSame(rest.match(/.{0,40}§ ?\d/g) ?? [], [], path)
  }
})

t.test('no document is cited that is not in the repository', async t => {
  const absent =
    /misp-feed\.md|taxii-clients|(?:sekoia-api|native-api|conformance|design)(?:\.md)? §|\b(?:house|design)\.md/g
  for (const path of citing) t.strictSame(read(path).match(absent) ?? [], [], path)
})
