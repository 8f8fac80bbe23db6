import type { MispValue, RelatedValue } from '../../../src/misp/mapping/model.ts'
import { templates } from '../../../src/misp/mapping/model.ts'
import {
  type FieldRow,
  type GoldenRow,
  type ImportRow,
  readGolden,
  type UnusedTypes
} from './golden-rows.ts'

/** `docs/misp-mapping.md`, made from the golden files by `npm run docs:misp-mapping`. */

const head = `# What becomes what: patterns

<!-- Made by \`npm run docs:misp-mapping\` from test/misp/golden: change it there. -->

STIX patterns beside what MISP gets of them. Every row is a test: the mapping makes exactly this. \`✓\` stands behind
values with \`to_ids\` while the indicator is valid. «goes out whole» is an Object \`stix2-pattern\` with the pattern
itself, without \`to_ids\`, counted in \`misp_fallbacks\` by the reason in parentheses. «Comment» is what stands in the
comment of the values, as no value says it. [misp.md](misp.md) has the rest of the mapping.
`

/** Longest text in a cell; longer ones are cut in their middle. */
const maxCell = 160

function cell(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const short = line.length > maxCell ? `${line.slice(0, maxCell - 20)} … ${line.slice(-15)}` : line
  return `\`${short.replaceAll('|', '\\|').replaceAll('`', "'")}\``
}

const valueText = ({ type, value, toIds }: MispValue): string =>
  `${cell(type)} ${cell(value)}${toIds ? ' ✓' : ''}`

const relatedText = ({ relation, value, toIds }: RelatedValue): string =>
  `${relation} ${cell(value)}${toIds ? ' ✓' : ''}`

function mispText({ misp }: GoldenRow): string {
  const objects = misp.objects.filter(({ template }) => template !== 'stix2-pattern')
  const isWhole = objects.length < misp.objects.length
  const { bounds, unsaid, fallback } = misp
  return [
    ...misp.attributes.map(valueText),
    ...objects.map(
      ({ template, values }) => `Object \`${template}\`: ${values.map(relatedText).join(', ')}`
    ),
    ...(isWhole ? [`goes out whole (${fallback})`] : []),
    ...(unsaid ? [`Comment: ${unsaid.map(cell).join(', ')}`] : []),
    ...(bounds ? [`from ${day(bounds.from)} to ${day(bounds.until)} alone`] : [])
  ].join('<br>')
}

const day = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

const stixText = ({ stix }: GoldenRow): string =>
  (stix.pattern_type === 'stix' ? '' : `${cell(stix.pattern_type || ' ')}: `) + cell(stix.pattern)

const table = (rows: readonly GoldenRow[]): string =>
  [
    '| | STIX | MISP |',
    '|---|---|---|',
    ...rows.map(
      row => `| ${row.row.replaceAll('|', '\\|')} | ${stixText(row)} | ${mispText(row)} |`
    )
  ].join('\n')

const objectTable = (): string =>
  [
    '| template | version | one of these, at least |',
    '|---|---|---|',
    ...Object.entries(templates).map(
      ([name, { uuid, version, requiredOneOf }]) =>
        `| \`${name}\`<br>\`${uuid}\` | ${version} | ${requiredOneOf.join(', ')} |`
    )
  ].join('\n')

const imports = `## What MISP's import expressions make of values

A fresh MISP rewrites paths of Windows and registry keys, whatever their type, before it compares them with what it
has. The gateway publishes them as Sekoia has them. Values that the list makes equal stand in different events, since
MISP drops the second of two equal ones in one event; an operator who wants values as they are empties the list
(Administration → Import Regexp). What MISP refuses by it is not in MISP.
`

const importTable = (): string =>
  [
    '| value | at MISP |',
    '|---|---|',
    ...readGolden<ImportRow>('imports').map(
      ({ value, misp }) => `| ${cell(value)} | ${misp === null ? 'refused' : cell(misp)} |`
    )
  ].join('\n')

/** The text of docs/misp-mapping.md. */
export function mappingDocs(): string {
  const byRule = Map.groupBy(readGolden<FieldRow>('field'), ({ rule }) => rule)
  const unused = readGolden<UnusedTypes>('unused-types')
  return `${[
    head,
    `## Each property\n\n${table(readGolden<GoldenRow>('indicators'))}\n`,
    ...[...byRule].map(([rule, rows]) => `## ${rule}\n\n${table(rows)}\n`),
    `## Objects\n\n${objectTable()}\n`,
    `${imports}\n${importTable()}\n`,
    `## Types of MISP that no indicator becomes\n\n${unused
      .map(({ reason, types }) => `- ${reason} ${types.map(cell).join(', ')}`)
      .join('\n')}`
  ].join('\n')}\n`
}

if (import.meta.main) process.stdout.write(mappingDocs())
