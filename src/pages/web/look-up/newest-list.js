import { count, dateTime } from '../parts/format.js'
import { Value, visible } from '../parts/value.js'
import { html, useEffect, useState } from '../preact.js'
import { download } from './bundle.js'
import { wordsOfFailure } from './dialects.js'
import { newestObjects } from './newest.js'
import { nameOf, Raw, Title, textsIn } from './stix-view.js'

/**
 * @typedef {import('./bundle.js').StixObject} StixObject
 * @typedef {import('../shell/api.js').Api} Api
 * @typedef {{ feedId: string, title: string, path: string, newest: string | null }} Choice
 */

const mostShown = 100
/** Of a text so much is searched. */
const mostSearched = 10_000

/** @param {{ api: Api, onLookUp: (id: string) => void }} props */
export function Newest({ api, onLookUp }) {
  const [choices, setChoices] = useState(/** @type {Choice[]} */ ([]))
  const [feedId, setFeedId] = useState('')
  const [objects, setObjects] = useState(/** @type {StixObject[] | undefined} */ (undefined))
  const [trouble, setTrouble] = useState('')
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    readChoices(api).then(setChoices, error => setTrouble(wordsOfFailure(error).title))
  }, [api])
  /** @param {string} id */
  const choose = async id => {
    setFeedId(id)
    setObjects(undefined)
    setTrouble('')
    const choice = choices.find(one => one.feedId === id)
    if (!choice) return
    setBusy(true)
    try {
      setObjects(await newestObjects(api.credential, choice.path, choice.newest))
    } catch (error) {
      const { title, text } = wordsOfFailure(error)
      setTrouble(`${title}. ${text}`)
    }
    setBusy(false)
  }
  return html`
    <section aria-labelledby="newest">
      <h2 id="newest">Newest objects of a feed</h2>
      <div class="row filters"><label>Feed
        <select value=${feedId} disabled=${isBusy} onChange=${(/** @type {Event} */ { target }) => choose(/** @type {HTMLSelectElement} */ (target).value)}>
          <option value="">choose</option>
          ${choices.map(choice => html`<option key=${choice.feedId} value=${choice.feedId}>${visible(choice.title, 100)}</option>`)}
        </select>
      </label></div>
      <p class="trouble" role="alert">${trouble}</p>
      ${isBusy && html`<p role="status">Reading…</p>`}
      ${objects && html`<${Objects} objects=${objects} onLookUp=${onLookUp} />`}
    </section>
  `
}

/**
 * The feeds that can be read, with where their objects are.
 *
 * @param {Api} api
 * @returns {Promise<Choice[]>}
 */
async function readChoices(api) {
  const [setup, { feeds }] = await Promise.all([
    api.get(/** @type {const} */ ('setup')),
    api.get(/** @type {const} */ ('feeds'))
  ])
  const { baseUrl, feeds: addresses } =
    /** @type {import('../../../gateway/schemas.ts').SetupView} */ (setup)
  return addresses
    .filter(({ obstacle }) => !obstacle)
    .map(({ feedId, title, taxiiObjects }) => {
      const feed = /** @type {import('../../../gateway/schemas.ts').FeedView[]} */ (feeds).find(
        one => one.feedId === feedId
      )
      const log = feed?.logs.find(
        ({ types, includesRevoked }) => types.length === 0 && !includesRevoked
      )
      return {
        feedId,
        title,
        path: taxiiObjects.slice(baseUrl.length + 1),
        newest: log?.newest ?? null
      }
    })
}

/** @param {{ objects: StixObject[], onLookUp: (id: string) => void }} props */
function Objects({ objects, onLookUp }) {
  const [type, setType] = useState('')
  const [wanted, setWanted] = useState('')
  const byId = new Map(objects.map(object => [object.id, object]))
  const types = [...new Set(objects.map(object => object.type))].sort()
  const found = objects
    .filter(object => type === '' || object.type === type)
    .filter(object => isMatch(object, wanted.toLowerCase()))
  return html`
    <div class="row filters">
      <label>Type
        <select value=${type} onChange=${(/** @type {Event} */ { target }) => setType(/** @type {HTMLSelectElement} */ (target).value)}>
          <option value="">any</option>
          ${types.map(name => html`<option key=${name} value=${name}>${visible(name, 100)}</option>`)}
        </select>
      </label>
      <label>Text <input type="search" value=${wanted} onInput=${(/** @type {InputEvent} */ { target }) => setWanted(/** @type {HTMLInputElement} */ (target).value)} /></label>
      <button disabled=${found.length === 0} onClick=${() => download(found, 'newest.stix.json')}>Download as STIX bundle</button>
    </div>
    <p class="quiet" role="status">${count(found.length)} of the ${count(objects.length)} newest${found.length > mostShown && `, ${mostShown} shown`}.</p>
    <ul class="objects">
      ${found.slice(0, mostShown).map(object => html`<${Row} key=${object.id} object=${object} byId=${byId} onLookUp=${onLookUp} />`)}
    </ul>
  `
}

/**
 * @param {StixObject} object
 * @param {string} wanted
 */
const isMatch = (object, wanted) =>
  wanted === '' ||
  [
    object.id,
    object['name'],
    object['value'],
    object['pattern'],
    object['description'],
    ...textsIn(object['labels'])
  ].some(
    text => typeof text === 'string' && text.slice(0, mostSearched).toLowerCase().includes(wanted)
  )

/** @param {{ object: StixObject, byId: ReadonlyMap<string, StixObject>, onLookUp: (id: string) => void }} props */
const Row = ({ object, byId, onLookUp }) => html`
  <li>
    <span class="quiet"><${Value} text=${object.type} most=${100} /></span>
    <span>
      <${Title} object=${object} byId=${byId} />${' '}
      <span class="quiet">${typeof object['modified'] === 'string' && !Number.isNaN(Date.parse(object['modified'])) && dateTime(object['modified'])}</span>
    </span>
    ${
      object.type === 'relationship'
        ? html`<span></span>`
        : html`<button aria-label=${`Context of ${visible(nameOf(object), 60)}`} onClick=${() => onLookUp(object.id)}>Context</button>`
    }
    <${Raw} object=${object} />
  </li>
`
