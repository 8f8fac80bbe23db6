import { cacheHeaders, cacheUseOf } from '../http/cache-use.ts'
import type { DataPage } from './page.ts'

/** Where the page came from, and the date headers of TAXII 2.1 §3.2, on every 2xx of the four data endpoints, empty answers included (D-1). */
export const dateHeaders = ({
  firstDate,
  lastDate,
  outcome
}: DataPage): Record<string, string> => ({
  ...cacheHeaders({ use: cacheUseOf[outcome] }),
  'x-taxii-date-added-first': firstDate,
  'x-taxii-date-added-last': lastDate
})
