import { digestOf } from '../http/content-digest.ts'
import type { DataPage } from './page.ts'

/**
 * Stands for a page in every resource that is made of it: paging fields, date headers, each record's date, and the
 * objects themselves, of which all else that manifest and versions say is read. Equal only for equal answers.
 */
export function pageDigest(page: DataPage): string {
  const { more, next, firstDate, lastDate, dates, chunks } = page
  const fields = Buffer.from(JSON.stringify([more, next, firstDate, lastDate]))
  return digestOf([fields, Buffer.from(Float64Array.from(dates).buffer), ...chunks])
}
