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

Values come from, the later winning:

1. \`config/default.json\`, which holds every option;
2. \`config/<profile>.json\` when \`CONFIG_PROFILE\` names a profile;
3. the JSON file that \`CONFIG_FILE\` names;
4. the environment.

A file may hold any part of the options; one that it does not know stops the start, as does a wrong value, with one
line that names it. An environment variable that is empty counts as not set. Units are in the names. A secret can
also be given by the path of a file: \`ACCESS_SECRET_FILE=/run/secrets/gateway\`.

\`\`\`json
{ "sekoia": { "url": "https://api.sekoia.io" }, "taxii": { "maxLimit": 2000 } }
\`\`\`
`

const byName = new Map(configOptions.map(option => [option.name, option]))

const code = (value: unknown) =>
  value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const describe = ({ name, envName, schema }: Option): string => {
  const env = schema.secret ? `\`${envName}\`, \`${envName}_FILE\`` : code(envName)
  return `### ${name}

${schema.description}

- environment: ${env}
- default: ${code(schema.default)}
- values: ${expectation(schema)}
- example: ${code(schema.examples[0])}
`
}

const describeSection = (section: SectionSchema, parent: string): string[] =>
  Object.entries(section.properties).flatMap(([key, schema]) => {
    const name = parent + key
    if (!isSection(schema)) return describe(byName.get(name)!)
    const heading = `${parent ? '###' : '##'} ${name}\n\n${schema.description}\n`
    return [heading, ...describeSection(schema, `${name}.`)]
  })

/** The text of docs/configuration.md. */
export const configurationDocs = (): string =>
  [head, ...describeSection(rootSection, '')].join('\n')

if (import.meta.main) process.stdout.write(configurationDocs())
