import type { Mode } from './modes.ts'
import type { DataPage } from './page.ts'

/** The head that envelope, manifest and versions share (TAXII 2.1 §3.7, §5.3.1, §5.8.1); `next` also there (D-2). */
export const pagingFields = ({ more, next }: DataPage): { more: boolean; next?: string } =>
  next === undefined ? { more } : { more, next }

/** True when the answer is the empty object of D-3. */
export const isBare = ({ dates, more, next }: DataPage, mode: Mode): boolean =>
  dates.length === 0 && !more && next === undefined && !mode.emptyLists

const suffix = Buffer.from(']}')

/** An envelope (TAXII 2.1 §3.7) but for the objects. */
export interface Frame {
  /** What goes before them. Text, since a small Buffer keeps 64 kB of Node's pool in memory for as long as it lives. */
  readonly before: string
  /** False where there is no list of objects at all. */
  readonly isOpen: boolean
}

export function toFrame(page: DataPage, mode: Mode): Frame {
  if (isBare(page, mode)) return { before: '{}', isOpen: false }
  const head = JSON.stringify(pagingFields(page))
  if (page.dates.length > 0 || mode.emptyLists)
    return { before: `${head.slice(0, -1)},"objects":[`, isOpen: true }
  return { before: head, isOpen: false }
}

/** An envelope in pieces: what Sekoia sent goes out byte for byte. */
export function toEnvelope({ before, isOpen }: Frame, chunks: readonly Buffer[]): Buffer[] {
  const start = Buffer.from(before)
  return isOpen ? [start, ...chunks, suffix] : [start]
}
