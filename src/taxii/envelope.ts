import type { Chunk } from '../kernel/chunk.ts'
import type { Mode } from './modes.ts'
import type { DataPage } from './page.ts'

/**
 * The fields that envelope, manifest and versions share (TAXII 2.1 §3.7, §5.3.1, §5.8.1); `next` is also in the last
 * two (D-2).
 */
export const pagingFields = ({ more, next }: DataPage): { more: boolean; next?: string } =>
  next === undefined ? { more } : { more, next }

/** True when the answer is the empty object of D-3. */
export const isBare = ({ dates, more, next }: DataPage, mode: Mode): boolean =>
  dates.length === 0 && !more && next === undefined && !mode.emptyLists

const suffix = Buffer.from(']}')

/** An envelope (TAXII 2.1 §3.7) in pieces; Sekoia's objects are sent byte for byte. */
export function toEnvelope(page: DataPage, mode: Mode): Chunk[] {
  if (isBare(page, mode)) return [Buffer.from('{}')]
  const head = JSON.stringify(pagingFields(page))
  if (page.dates.length === 0 && !mode.emptyLists) return [Buffer.from(head)]
  return [Buffer.from(`${head.slice(0, -1)},"objects":[`), ...page.chunks, suffix]
}
