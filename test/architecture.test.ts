import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { boundPackages, folderOf, mayImport, overrideOf, rulesIn } from './support/architecture.ts'

/** The table "may import" of docs/architecture.md, the linter's rules and the imports of the tree are one. */

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(posix.join(root, path), 'utf8')
const rules = rulesIn(read('docs/architecture.md'))
const sources = readdirSync(posix.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => posix.join('src', name))

t.test('every folder of src has its row in the table', async t => {
  const rows = new Set(rules.map(({ folder }) => folder))
  t.strictSame(
    [...new Set(sources.map(path => posix.dirname(path)))].filter(folder => !rows.has(folder)),
    []
  )
})

t.test('the linter has the rules of the table, and no others', async t => {
  const { overrides } = JSON.parse(read('biome.json'))
  const held = overrides.filter((override: ReturnType<typeof overrideOf>) =>
    Boolean(override.linter.rules.style?.noRestrictedImports)
  )
  t.strictSame(
    held,
    rules.map(rule => overrideOf(rule, rules))
  )
})

t.test('no file imports what its row does not name', async t => {
  for (const path of sources) {
    const rule = rules.find(({ folder }) => folder === folderOf(path, rules))!
    for (const [, specifier = ''] of read(path).matchAll(/(?:from|import) '([^']+)'/g)) {
      const [name] = specifier.split('/')
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(path), specifier)
        t.ok(mayImport(rule, target), `${path}: ${specifier}`)
      } else if (boundPackages.includes(name!))
        t.ok(rule.packages.includes(name!), `${path}: ${specifier}`)
    }
  }
})
