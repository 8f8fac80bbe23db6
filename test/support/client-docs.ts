import {
  type Client,
  type Evidence,
  keyPlaceholder,
  type Target
} from '../../src/gateway/clients/client.ts'
import { clients } from '../../src/gateway/clients/table.ts'

/** `docs/clients/`, made of the table that the set-up page shows, by `npm run docs:clients`. */

const baseUrl = 'https://cti.example.com'
const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

const example: Target = {
  baseUrl,
  discovery: `${baseUrl}/taxii2/`,
  apiRoot: `${baseUrl}/sekoia/`,
  collectionId: feedId,
  objects: `${baseUrl}/sekoia/collections/${feedId}/objects/`,
  title: 'Sekoia default feed',
  feedId,
  misp: `${baseUrl}/misp/${feedId}`,
  native: `${baseUrl}/v2/inthreat/collections/${feedId}/objects`
}

const made = '<!-- Made by `npm run docs:clients` from src/gateway/clients: change it there. -->'

const dialects = { taxii: 'TAXII 2.1', misp: 'MISP feed', native: 'Sekoia’s own API' }

/** By file name. */
export const clientDocs = (): ReadonlyMap<string, string> =>
  new Map([
    ['README.md', index()],
    ...clients.map(client => [`${client.id}.md`, page(client)] as const)
  ])

const cell = (text: string) => text.replaceAll('|', '\\|')
const code = (text: string) => (text === '' ? 'empty' : `\`${text}\``)

const index = (): string => `# Clients

${made}

How each product is set up. \`${baseUrl}\` stands for your gateway, \`${feedId}\` for the id of a feed, and \`${keyPlaceholder}\` for a Sekoia API key. The page at \`/\` of your gateway has the same with your own addresses and feeds, and sends the requests of each client for you.

| product | reads by | its fields are known from |
|---|---|---|
${clients
  .map(
    ({ id, name, dialect, fieldsEvidence }) =>
      `| [${cell(name)}](${id}.md) | ${dialects[dialect]} | ${summaryOf(fieldsEvidence)} |`
  )
  .join('\n')}

What stands in these pages is marked: **proven** by a test of ours, from the **source code** of the client, or from the **documentation** of its vendor or a report there. The requests of each page are sent to the gateway, in front of the simulated Sekoia, by \`test/pages/clients.test.ts\`.
`

const summaryOf = ({ kind }: Evidence) =>
  ({
    proven: 'our tests',
    source: 'its source code',
    documentation: 'documentation'
  })[kind]

const evidenceText = (evidence: Evidence): string => {
  if (evidence.kind === 'proven') return `proven: «${evidence.test}» in \`${evidence.file}\``
  return evidence.kind === 'source'
    ? `source code: ${evidence.of}`
    : `documentation: ${evidence.of}`
}

function page(client: Client): string {
  const { name, dialect, where, fields, fieldsEvidence, pitfalls, file, requests } = client
  const rows = fields(example).map(({ name, value, isChoice }) => {
    const shown = isChoice ? value : code(value)
    return `| ${cell(name)} | ${cell(shown)} |`
  })
  const notes = pitfalls.map(({ text, evidence }) => `- ${text} (${evidenceText(evidence)})`)
  const asked = requests(example).map(
    ({ path, credential }) => `- \`GET /${path}\` with ${credentials[credential]}`
  )
  return `# ${name}

${made}

Reads by ${dialects[dialect]}. ${where} [All clients](README.md)

| field | value |
|---|---|
${rows.join('\n')}

${evidenceText(fieldsEvidence).replace(/^./, first => first.toUpperCase())}.

## What to know

${notes.join('\n')}
${file ? filePart(file(example)) : ''}
## What it asks

${asked.join('\n')}
`
}

const credentials = { basic: 'Basic', bearer: 'Bearer', token: 'Token' }

const languages: Readonly<Record<string, string>> = {
  json: 'json',
  yml: 'yaml',
  py: 'python',
  sh: 'sh'
}

function filePart({
  name,
  text,
  use
}: NonNullable<ReturnType<NonNullable<Client['file']>>>): string {
  const ending = name.split('.').at(-1)!
  return `
## ${name}

${use}

\`\`\`${languages[ending] ?? ''}
${text}\`\`\`
`
}
