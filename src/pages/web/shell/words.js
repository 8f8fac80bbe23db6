import { ApiError } from './api.js'
import { listener } from './listener.js'

/**
 * What to tell a person of a failure, and what to do.
 *
 * @param {unknown} error
 */
export function wordsFor(error) {
  if (!(error instanceof ApiError)) return 'This page failed. Load it again.'
  const { status, message } = error
  if (status === 401) return refused()
  if (status === 429)
    return 'Too many keys that Sekoia never accepted were tried from this address. Wait a minute.'
  if (status !== undefined && status >= 502)
    return `Sekoia cannot be asked now, so the key could not be checked: ${message}. Try again in a minute.`
  return message
}

function refused() {
  if (!listener.takesKeys)
    return 'That is not the operator token. This listener is the operator’s own: keys of Sekoia are for the public address.'
  const key =
    'Sekoia does not accept this key: it is mistyped, expired or revoked. Copy it again, or make a new one in Sekoia.'
  return listener.takesOperator ? `${key} It is not the operator token either.` : key
}
