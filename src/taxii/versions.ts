import { isBare, pagingFields } from './envelope.ts'
import type { Mode } from './modes.ts'
import type { DataPage } from './page.ts'

/** A versions resource (TAXII 2.1 §5.8.1), ascending by date_added (D-21). */
export function toVersions(page: DataPage, mode: Mode): Buffer {
  if (isBare(page, mode)) return Buffer.from('{}')
  const versions = page.records.map(({ version }) => version)
  const lists = versions.length > 0 || mode.emptyLists ? { versions } : {}
  return Buffer.from(JSON.stringify({ ...pagingFields(page), ...lists }))
}
