/** Where this gateway is, below whatever prefix a proxy gives it. Ends with a slash. */
export const gatewayUrl = new URL('../../', import.meta.url)

/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  /**
   * @param {string} message in words, for people
   * @param {number | undefined} status of HTTP; undefined when there was no answer
   */
  constructor(message, status) {
    super(message)
    this.status = status
  }
}

/**
 * Sends a request to this gateway, without cookies and without the browser's own question for a password.
 *
 * @param {string} path below the gateway's address, without a slash at its start
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} rejects with ApiError when there is no answer
 */
export async function send(path, init) {
  try {
    return await fetch(new URL(path, gatewayUrl), {
      ...init,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error'
    })
  } catch (error) {
    if (init?.signal?.aborted) throw error
    throw new ApiError('The gateway does not answer. Is it running?', undefined)
  }
}

/**
 * @typedef {object} Api
 * @property {string} credential
 * @property {<T>(name: string, signal?: AbortSignal) => Promise<T>} get a resource of `/gateway/v1/`, such as
 *   `status`; rejects with ApiError
 */

/**
 * @param {string} credential a key or the operator token
 * @returns {Api}
 */
export const createApi = credential => ({
  credential,
  async get(name, signal) {
    const init = {
      headers: { authorization: `Bearer ${credential}`, accept: 'application/json' },
      ...(signal && { signal })
    }
    const response = await send(`gateway/v1/${name}`, init)
    const body = await response.json().catch(() => undefined)
    if (response.ok && body !== undefined) return body
    throw new ApiError(body?.error?.message ?? response.statusText, response.status)
  }
})
