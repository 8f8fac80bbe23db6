import { ApiError, send } from '../shell/api.js'

/**
 * Asks another dialect than `/gateway/v1/`, as a client with the entered key. The name makes the page known in the list
 * of consumers.
 *
 * @param {string} credential
 * @param {string} path
 * @param {{ accept?: string, mayBeUnknown?: boolean }} [options] `mayBeUnknown`: 404 is an answer, without a body
 * @returns {Promise<{ body: any, headers: Headers }>} rejects with ApiError
 */
export async function ask(
  credential,
  path,
  { accept = 'application/json', mayBeUnknown = false } = {}
) {
  const basic = btoa(String.fromCharCode(...new TextEncoder().encode(`look-up-page:${credential}`)))
  const headers = { authorization: `Basic ${basic}`, accept }
  const response = await send(path, { headers })
  if (mayBeUnknown && response.status === 404) return { body: undefined, headers: response.headers }
  const body = await response.json().catch(() => undefined)
  if (response.ok && body !== undefined) return { body, headers: response.headers }
  throw new ApiError(body?.message ?? body?.description ?? response.statusText, response.status)
}

/**
 * A failure in words. That Sekoia cannot be asked never looks like an answer.
 *
 * @param {unknown} error
 * @returns {{ title: string, text: string }}
 */
export function wordsOfFailure(error) {
  if (!(error instanceof ApiError)) return { title: 'This page failed', text: 'Load it again.' }
  const { status, message } = error
  if (status === undefined) return { title: 'The gateway is away', text: message }
  if (status === 401)
    return {
      title: 'The key is refused',
      text: 'Sekoia no longer accepts it: it is expired or revoked.'
    }
  if (status === 403)
    return {
      title: 'Not allowed',
      text: 'The key lacks "View intelligence" in Sekoia, or may not see this feed.'
    }
  if (status === 429)
    return {
      title: 'Too many questions',
      text: 'Sekoia limits how many the key may ask. Wait a minute.'
    }
  if (status >= 500)
    return {
      title: 'Sekoia is away',
      text: 'It could not be asked, or gave no usable answer. That says nothing about the value: look it up again later.'
    }
  return { title: 'Not answered', text: message }
}
