import { ask } from './dialects.js'

/** @typedef {import('./bundle.js').StixObject} StixObject */

/** Times back from the newest object, one after the other until there are enough, s; at last everything. */
const spans = [3600, 6 * 3600, 86_400, 6 * 86_400, 36 * 86_400]
const enough = 100
const pageSize = 500
const mostPages = 20

const accept = 'application/taxii+json;version=2.1'

/**
 * The newest objects of a feed, the newest first, over TAXII: what a client would get last. TAXII goes from old to new,
 * so it is asked for the last hour, then for longer.
 *
 * @param {string} credential
 * @param {string} path of the collection's objects, below the gateway's address
 * @param {string | null} newest date_added of the newest object, where it is known
 * @returns {Promise<StixObject[]>} rejects with ApiError
 */
export async function newestObjects(credential, path, newest) {
  const end = newest === null ? Date.now() : Date.parse(newest)
  for (const span of spans) {
    const since = new Date(end - span * 1000).toISOString()
    const objects = await lastFrom(credential, `${path}?limit=${pageSize}&added_after=${since}`)
    if (objects.length >= enough) return objects
  }
  return lastFrom(credential, `${path}?limit=${pageSize}`)
}

/**
 * What a walk from here gives last.
 *
 * @param {string} credential
 * @param {string} start
 */
async function lastFrom(credential, start) {
  /** @type {StixObject[]} */
  let last = []
  let path = start
  for (let pages = 0; pages < mostPages; pages++) {
    const { body } = await ask(credential, path, { accept })
    last = [...last, ...(body.objects ?? [])].slice(-pageSize)
    if (body.more !== true || typeof body.next !== 'string') break
    path = `${start}&next=${encodeURIComponent(body.next)}`
  }
  return last.toReversed()
}
