import { send } from '../shell/api.js'
import { wordsFor } from '../shell/words.js'
import { judge } from './verdict.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').ClientsView['clients'][number]} Client
 * @typedef {import('./verdict.js').Verdict} Verdict
 * @typedef {{ path: string, verdict: Verdict | undefined }} Step undefined while its answer is waited for
 */

/** @param {string} key @returns {Readonly<Record<string, string>>} */
const authorizations = key => ({
  basic: `Basic ${btoa(`sekoia:${key}`)}`,
  bearer: `Bearer ${key}`,
  token: `Token ${key}`
})

/**
 * Sends the requests of a client one after the other, and tells of each before and after.
 *
 * @param {Client} client
 * @param {string} key
 * @param {(steps: Step[]) => void} onStep all steps so far
 */
export async function tryAs(client, key, onStep) {
  /** @type {Record<string, string | undefined>} */
  const found = { yesterday: yesterday() }
  /** @type {Step[]} */
  const steps = []
  for (const { path, accept, credential, expected } of client.requests) {
    const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
    if (names.some(name => found[name] === undefined)) continue
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(found[name] ?? ''))
    const headers = { accept, authorization: authorizations(key)[credential] ?? '' }
    onStep([...steps, { path: filled, verdict: undefined }])
    const verdict = await ask(filled, headers, expected)
    steps.push({ path: filled, verdict })
    onStep([...steps])
    // A page that is the last one leaves nothing to go on from.
    for (const name of names) if (name !== 'yesterday') delete found[name]
    Object.assign(found, verdict.found)
    if (verdict.outcome === 'failed') return
  }
}

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string} expected
 * @returns {Promise<Verdict>}
 */
async function ask(path, headers, expected) {
  try {
    const response = await send(path, { headers })
    const { status, headers: answered } = response
    return judge(expected, { status, headers: answered, text: await response.text() })
  } catch (error) {
    return { outcome: 'failed', words: wordsFor(error) }
  }
}

const yesterday = () => new Date(Date.now() - 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
