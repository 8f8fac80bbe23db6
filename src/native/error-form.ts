import type { ErrorForm } from '../http/errors.ts'
import type { GatewayError } from '../kernel/errors.ts'

/**
 * Errors in Sekoia's form, `{"message", "code"}` (SEKOIA-4). Codes of our own start with GATEWAY; a key that is
 * not accepted is `T300`, the text that clients look for.
 */
export const sekoiaError: ErrorForm = (failure, errorId) => ({
  mediaType: 'application/json',
  text: JSON.stringify({ message: failure.detail ?? failure.title, code: codeOf(failure), errorId })
})

const codeOf = ({ kind, status }: GatewayError): string =>
  kind === 'unauthorized' ? 'T300' : `GATEWAY${status}`
