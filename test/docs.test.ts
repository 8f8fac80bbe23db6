import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { configOptions } from '../src/config/options.ts'
import { buildGateway } from './support/app.ts'

/** README.md and docs/ against the tree: what they name is there. */

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesBelow = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .map(name => join(folder, name))

const documents = [
  'README.md',
  'CHANGELOG.md',
  'src/demo/README.md',
  'bench/README.md',
  'test/feedlog/README.md',
  ...filesBelow('docs', '.md')
]
const find = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map(match => match[1]!))
]

t.test('every curl of the README is answered by the gateway', async t => {
  const { send } = await buildGateway(t)
  const urls = find(read('README.md'), /^curl .*?http:\/\/127\.0\.0\.1:8080([^'\s]*)/gm)
  t.ok(urls.length >= 2)
  for (const url of urls) t.equal((await send({ url })).statusCode, 200, url)
})

t.test('every variable that the documents name is an option', async t => {
  const names = configOptions.flatMap(({ envName, schema }) =>
    schema.secret ? [envName, `${envName}_FILE`] : [envName]
  )
  const ofOthers = [
    'BENCH_NODE_OPTIONS',
    'SEKOIA_API_KEY',
    'SEKOIA_API_KEY_FILE',
    'TAXII2_INITIAL_HISTORY',
    'MALLOC_ARENA_MAX',
    'MALLOC_MMAP_THRESHOLD',
    'MALLOC_TRIM_THRESHOLD',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'NODE_EXTRA_CA_CERTS'
  ]
  const known = new Set([...names, ...ofOthers, 'CONFIG_PROFILE', 'CONFIG_FILE'])
  // Its patterns are examples; the pages of clients name the variables of those.
  const ofClients = (path: string) => path.startsWith(join('docs', 'clients'))
  const checked = documents.filter(path => path !== 'docs/misp-mapping.md' && !ofClients(path))
  for (const path of checked) {
    const named = find(read(path), /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{2,}(?==))/g)
    t.strictSame(
      // OpenTelemetry reads its own.
      named.filter(name => !known.has(name) && !name.startsWith('OTEL_')),
      [],
      path
    )
  }
})

t.test('every file that the documents name exists', async t => {
  const inTree = /(?<![\w./-])((?:src|test|docs|config|bench)\/(?:[\w.-]+\/)*[\w.-]*\w)/g
  const link = /\]\((?!https?:)([^)#\s]+)/g
  for (const path of documents) {
    const text = read(path)
    const named = [...find(text, inTree), ...find(text, link).map(to => join(dirname(path), to))]
    t.strictSame(
      named.filter(name => !existsSync(join(root, name))),
      [],
      path
    )
  }
})

t.test(
  'every source file that the documents name exists, whatever part of its path they give',
  async t => {
    const paths = ['src', 'test', 'bench'].flatMap(folder => filesBelow(folder, '.ts'))
    for (const path of documents) {
      const named = find(read(path), /(?<![\w./*-])([\w.-]+(?:\/[\w.-]+)*\.ts)\b/g)
      t.strictSame(
        named.filter(name => !paths.some(known => `/${known}`.endsWith(`/${name}`))),
        [],
        path
      )
    }
  }
)

t.test('every link to a heading leads to one', async t => {
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-')
  for (const path of documents) {
    for (const target of find(read(path), /\]\(((?!https?:)[^)\s]*#[^)\s]+)\)/g)) {
      const [file = '', anchor] = target.split('#')
      const text = read(file ? join(dirname(path), file) : path)
      const anchors = [
        ...find(text, /^#+ (.+)$/gm).map(anchorOf),
        ...find(text, /<a id="([^"]+)">/g)
      ]
      t.ok(anchors.includes(anchor!), `${path}: ${target}`)
    }
  }
})
