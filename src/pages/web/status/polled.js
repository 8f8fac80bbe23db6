import { useEffect, useState } from '../preact.js'

/**
 * @typedef {object} Resources what the gateway tells under `/gateway/v1/`
 * @property {import('../../../gateway/schemas.ts').StatusView} status
 * @property {{ feeds: import('../../../gateway/schemas.ts').FeedView[] }} feeds
 * @property {{ consumers: import('../../../gateway/schemas.ts').ConsumerView[] }} consumers
 * @property {import('../../../gateway/schemas.ts').HistoryView} history
 */

/**
 * @template T
 * @typedef {object} Polled
 * @property {T | undefined} data the latest answer; undefined before the first
 * @property {Error | undefined} error why the latest try failed; undefined when it did not
 */

/**
 * Asks for a resource again and again, a pause after each answer, and at once when a hidden page is shown again. A
 * failure leaves the last answer standing. While the page is hidden nothing is asked.
 *
 * @template {keyof Resources} Name
 * @param {import('../shell/api.js').Api} api
 * @param {Name | undefined} name undefined asks for nothing
 * @param {number} pauseMs
 * @returns {Polled<Resources[Name]>}
 */
export function usePolled(api, name, pauseMs) {
  const [polled, setPolled] = useState(
    /** @type {Polled<Resources[Name]>} */ ({ data: undefined, error: undefined })
  )
  useEffect(() => {
    if (name === undefined) return
    const leaving = new AbortController()
    let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined)
    let isAsking = false
    const ask = async () => {
      clearTimeout(timer)
      if (document.hidden || isAsking) return
      isAsking = true
      const next = await answer(api, name, leaving.signal)
      isAsking = false
      if (leaving.signal.aborted) return
      setPolled(last => ({ data: next.data ?? last.data, error: next.error }))
      timer = setTimeout(ask, pauseMs)
    }
    document.addEventListener('visibilitychange', ask)
    ask()
    return () => {
      leaving.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', ask)
    }
  }, [api, name, pauseMs])
  return polled
}

/**
 * @template {keyof Resources} Name
 * @param {import('../shell/api.js').Api} api
 * @param {Name} name
 * @param {AbortSignal} signal
 * @returns {Promise<Polled<Resources[Name]>>}
 */
async function answer(api, name, signal) {
  try {
    return { data: await api.get(name, signal), error: undefined }
  } catch (error) {
    return { data: undefined, error: error instanceof Error ? error : new Error('unknown') }
  }
}
