import { hash } from 'node:crypto'
import { digestOf } from '../http/content-digest.ts'
import type { DataPage } from './page.ts'

/**
 * Stands for a page in every resource that is made of it: paging fields, date headers, each record's date, and the
 * objects themselves, of which all that manifest and versions say is read. Equal only for equal answers.
 */
export function pageDigest(page: DataPage): string {
  const { more, next, firstDate, lastDate, records, chunks } = page
  const dates = Float64Array.from(records, ({ date }) => date)
  const parts = [
    more,
    next,
    firstDate,
    lastDate,
    hash('sha256', new Uint8Array(dates.buffer)),
    ...chunks.map(digestOf)
  ]
  return hash('sha256', JSON.stringify(parts))
}
