import type { ErrorForm } from '../http/errors.ts'

/** What went wrong in one sentence, and the id under which the log has more of it. */
export const gatewayError: ErrorForm = ({ kind, title, detail }, errorId) => ({
  mediaType: 'application/json; charset=utf-8',
  text: JSON.stringify({ error: { kind, message: detail ?? title, id: errorId } })
})
