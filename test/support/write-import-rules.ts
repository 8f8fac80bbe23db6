import { readFileSync, writeFileSync } from 'node:fs'
import { overrideOf, rulesIn } from './architecture.ts'

/** `npm run docs:imports`: makes the linter's rules of the table in docs/architecture.md. */

const config = JSON.parse(readFileSync('biome.json', 'utf8'))
const rules = rulesIn(readFileSync('docs/architecture.md', 'utf8'))
const others = config.overrides.filter(
  (override: ReturnType<typeof overrideOf>) => !override.linter.rules.style?.noRestrictedImports
)
config.overrides = [...rules.map(rule => overrideOf(rule, rules)), ...others]
writeFileSync('biome.json', `${JSON.stringify(config, null, 2)}\n`)
