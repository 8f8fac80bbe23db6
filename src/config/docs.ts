import {
  configOptions,
  expectation,
  isSection,
  type Option,
  rootSection,
  type SectionSchema
} from './options.ts'

/** `docs/configuration.md`, made from the schema by `npm run docs:configuration`. */

const head = `# Configuration

<!-- Made by \`npm run docs:configuration\` from src/config: change it there. -->

Values come from these places; a later one overrides an earlier one:

1. \`config/default.json\`, which holds every option;
2. \`config/<profile>.json\` when \`CONFIG_PROFILE\` names a profile;
3. the JSON file that \`CONFIG_FILE\` names;
4. the environment.

A file may hold any part of the options. An unknown option or a wrong value stops the start with one line that
names it. An empty environment variable counts as not set. Names end in their unit: \`…Ms\` is milliseconds. A secret
can also be given by the path of a file: \`ACCESS_SECRET_FILE=/run/secrets/gateway\`.

\`\`\`json
{ "sekoia": { "url": "https://api.sekoia.io" }, "taxii": { "maxLimit": 2000 } }
\`\`\`
`

const byName = new Map(configOptions.map(option => [option.name, option]))

const code = (value: unknown) =>
  value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const cell = (text: string) => text.replaceAll('|', '\\|')

const row = ({ name, envName, schema }: Option): string => {
  const env = schema.secret ? `\`${envName}\`, \`${envName}_FILE\`` : code(envName)
  const meaning = `${schema.description} Example: ${code(schema.examples[0])}.`
  const cells = [`\`${name}\``, env, code(schema.default), expectation(schema), meaning]
  return `| ${cells.map(cell).join(' | ')} |`
}

const tableHead = `| option | environment | default | values | meaning |
|---|---|---|---|---|`

/** One heading and one table for a section, then its sections. */
function describeSection(section: SectionSchema, name: string): string[] {
  const members = Object.entries(section.properties).map(
    ([key, schema]) => [name ? `${name}.${key}` : key, schema] as const
  )
  const rows = members.flatMap(([option]) => byName.get(option) ?? []).map(row)
  const table = rows.length > 0 ? [[tableHead, ...rows, ''].join('\n')] : []
  const depth = name.includes('.') ? '###' : '##'
  const heading = name ? [`${depth} ${name}\n\n${section.description}\n`] : []
  const sections = members.flatMap(([key, schema]) =>
    isSection(schema) ? describeSection(schema, key) : []
  )
  return [...heading, ...table, ...sections]
}

/** The text of docs/configuration.md. */
export const configurationDocs = (): string =>
  [head, ...describeSection(rootSection, '')].join('\n')

if (import.meta.main) process.stdout.write(configurationDocs())
