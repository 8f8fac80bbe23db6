import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clientDocs } from './client-docs.ts'

const folder = fileURLToPath(new URL('../../docs/clients/', import.meta.url))
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const [name, text] of clientDocs()) writeFileSync(`${folder}${name}`, text)
