/**
 * What an answer means for the client that asked, in words.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} text
 * @property {{ get(name: string): string | null }} headers
 *
 * @typedef {object} Verdict
 * @property {'ok' | 'wait' | 'failed'} outcome
 * @property {string} words
 * @property {Readonly<Record<string, string | undefined>>} [found] what later requests are made with
 */

/** @param {number} count @param {string} one */
export const several = (count, one) =>
  `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`

/** @param {string} words @param {Verdict['found']} [found] @returns {Verdict} */
const ok = (words, found) => ({ outcome: 'ok', words, ...(found && { found }) })
/** @param {string} words @returns {Verdict} */
const failed = words => ({ outcome: 'failed', words })

/**
 * Each gets the JSON of a 200 (undefined when it is none), and the answer.
 *
 * @type {Readonly<Record<string, (body: any, answer: Answer) => Verdict>>}
 */
const readers = {
  discovery: ({ api_roots: roots }) => ok(`Discovery names the API root ${roots[0]}`),
  'api-root': ({ title }) => ok(`The API root answers as «${title}»`),
  collections: ({ collections }) => ok(`${several(collections.length, 'collection')} listed`),
  collection: ({ title, can_read: canRead }) =>
    canRead ? ok(`«${title}» can be read`) : failed(`«${title}» cannot be read with this key`),
  envelope: ({ objects, more, next }, { headers }) => {
    const last = headers.get('x-taxii-date-added-last')
    const dated = objects.length > 0 && last ? `, up to ${last}` : ''
    const rest = more ? 'more follow' : 'that is all'
    if (objects.length === 0) return ok('No objects: there is nothing that new')
    return ok(`${several(objects.length, 'object')}${dated}; ${rest}`, {
      next,
      object: objects[0].id
    })
  },
  'misp-manifest': body => {
    const events = Object.keys(body)
    return events.length > 0
      ? ok(`${several(events.length, 'event')} in the manifest`, { event: events[0] })
      : { outcome: 'wait', words: 'The feed is being built for MISP: try again in a minute' }
  },
  'misp-event': ({ Event: { info, Attribute = [], Object: objects = [] } }) =>
    ok(
      `«${info}»: ${several(Attribute.length, 'attribute')}, ${several(objects.length, 'Object')}`
    ),
  'misp-hashes': (_, { text }) =>
    ok(`${several(linesOf(text), 'value')} for the cache of correlations`),
  'native-page': ({ items, next_cursor: cursor }) =>
    ok(several(items.length, 'object'), {
      cursor: cursor ?? undefined,
      object: items.find((/** @type {any} */ item) => item.id)?.id
    }),
  'native-objects': ({ data, items = [data] }) =>
    ok(`${several(items.length, 'object')} by its id`),
  'valid-key': () => ok('Sekoia says that the key is valid'),
  list: (_, { text }) => ok(`${several(linesOf(text), 'value')}, one a line`)
}

/** @param {string} text */
const linesOf = text => text.split('\n').filter(line => line.trim() !== '').length

/**
 * @param {string} expected as in the contract
 * @param {Answer} answer
 * @returns {Verdict}
 */
export function judge(expected, answer) {
  const { status } = answer
  if (expected === 'not-acceptable')
    return status === 406
      ? ok('406, as it must be: TAXII 2.0 is not spoken here')
      : failed(`${status} where 406 is expected`)
  const body = toJson(answer.text)
  if (status !== 200) return refusal(status, body)
  try {
    const verdict = readers[expected]?.(body, answer)
    return verdict ?? failed('This page does not know what the answer has to be: load it again')
  } catch {
    return failed('200, but not with what the client needs')
  }
}

/** @param {string} text */
function toJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @type {Readonly<Record<number, string>>} */
const meanings = {
  401: 'The key is not accepted',
  403: 'The key may not read this',
  404: 'There is no such feed for this key',
  409: 'The feed cannot be followed as it is',
  429: 'Too many requests',
  502: 'Sekoia gave an answer that is not usable',
  503: 'Not now: Sekoia cannot be asked, or the feed is being read for the first time',
  504: 'Sekoia did not answer in time'
}

/** @param {number} status @param {any} body @returns {Verdict} */
function refusal(status, body) {
  const told = body?.description ?? body?.error?.message ?? body?.message ?? body?.errors?.[0]
  const meaning = meanings[status] ?? 'An answer that the client cannot use'
  const words = `${status}: ${meaning}${typeof told === 'string' ? `. ${told}` : ''}`
  return { outcome: status === 503 || status === 504 ? 'wait' : 'failed', words }
}
