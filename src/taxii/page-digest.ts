import { digestOf } from '../http/content-digest.ts'
import type { DataPage } from './page.ts'

/**
 * The digest of a page for every resource made of it: paging fields, date headers, dates, and the objects, which hold
 * all else that manifest and versions say. Equal only for equal answers.
 */
export function pageDigest(page: DataPage): string {
  const { more, next, firstDate, lastDate, dates, chunks } = page
  const fields = Buffer.from(JSON.stringify([more, next, firstDate, lastDate]))
  return digestOf([fields, Buffer.from(Float64Array.from(dates).buffer), ...chunks])
}
