import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { clients } from '../../src/gateway/clients/table.ts'
import { clientDocs } from '../support/client-docs.ts'

/** What is told of clients, in docs/clients and on the set-up page, against the tree. */

const root = fileURLToPath(new URL('../../', import.meta.url))

t.test('docs/clients is what the table says', async t => {
  const docs = clientDocs()
  t.strictSame(readdirSync(`${root}docs/clients`).toSorted(), [...docs.keys()].toSorted())
  for (const [name, text] of docs)
    t.equal(readFileSync(`${root}docs/clients/${name}`, 'utf8'), text, name)
})

t.test('what counts as proven has its test', async t => {
  const evidence = clients.flatMap(({ fieldsEvidence, pitfalls }) => [
    fieldsEvidence,
    ...pitfalls.map(({ evidence }) => evidence)
  ])
  for (const one of evidence)
    if (one.kind === 'proven')
      t.match(readFileSync(`${root}${one.file}`, 'utf8'), one.test, `${one.file}: ${one.test}`)
})

t.test('the README links to the page of every client', async t => {
  const readme = readFileSync(`${root}README.md`, 'utf8')
  for (const { id } of clients) t.match(readme, `(docs/clients/${id}.md)`, id)
})
