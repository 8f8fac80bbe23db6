import type { DataPage } from './page.ts'

/** The date headers of TAXII 2.1 §3.2, on every 2xx of the four data endpoints, empty answers included (D-1). */
export const dateHeaders = ({ firstDate, lastDate }: DataPage): Record<string, string> => ({
  'x-taxii-date-added-first': firstDate,
  'x-taxii-date-added-last': lastDate
})
