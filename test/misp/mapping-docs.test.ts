import { readFileSync } from 'node:fs'
import t from 'tap'
import { mappingDocs } from '../support/misp/mapping-docs.ts'

t.test('docs/misp-mapping.md is what `npm run docs:misp-mapping` makes', async t => {
  const file = new URL('../../docs/misp-mapping.md', import.meta.url)
  t.equal(readFileSync(file, 'utf8'), mappingDocs())
})
