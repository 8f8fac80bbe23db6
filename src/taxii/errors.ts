import type { ErrorForm } from '../http/errors.ts'
import { taxiiType } from './negotiate.ts'

/** The error resource of TAXII 2.1 §3.6.1. */
export const errorResource: ErrorForm = ({ title, detail, kind, status }, errorId) => ({
  mediaType: taxiiType,
  text: JSON.stringify({
    title,
    ...(detail !== undefined && { description: detail }),
    error_id: errorId,
    error_code: kind,
    http_status: String(status)
  })
})
