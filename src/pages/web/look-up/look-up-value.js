import { duration } from '../parts/format.js'
import { Value } from '../parts/value.js'
import { html, useState } from '../preact.js'
import { download } from './bundle.js'
import { ask, wordsOfFailure } from './dialects.js'
import { isStixId, observableTypes, refanged, typeOf } from './observable-type.js'
import { Indicator, nameOf, Raw, Title } from './stix-view.js'

/** @typedef {import('./bundle.js').StixObject} StixObject */

/**
 * @typedef {object} Answer
 * @property {string} value
 * @property {string} kind type of observable; `id` for a STIX id
 * @property {StixObject[]} objects
 * @property {boolean} hasMore
 * @property {boolean} isStale Sekoia was asked in vain
 * @property {number} ageSeconds
 * @property {number} now ms since the epoch, by the gateway
 */

const native = 'v2/inthreat'

/**
 * Asks for all that Sekoia has to a value or an id.
 *
 * @param {string} credential
 * @param {string} value
 * @param {string} kind
 * @returns {Promise<Answer>}
 */
export async function lookUp(credential, value, kind) {
  const query = new URLSearchParams({ value, type: kind })
  const path = kind === 'id' ? `objects/${value}/context` : `indicators/context?${query}`
  const { body, headers } = await ask(credential, `${native}/${path}`, {
    mayBeUnknown: kind === 'id'
  })
  const bundles = /** @type {any[]} */ (kind === 'id' ? [body] : (body?.items ?? []))
  const objects = bundles.flatMap(bundle => (Array.isArray(bundle?.objects) ? bundle.objects : []))
  return {
    value,
    kind,
    objects: objects.filter(
      object => typeof object?.id === 'string' && typeof object.type === 'string'
    ),
    hasMore: body?.has_more === true,
    isStale: headers.get('x-cache') === 'stale',
    ageSeconds: Number(headers.get('age') ?? 0),
    now: Date.parse(headers.get('date') ?? '') || Date.now()
  }
}

/**
 * @typedef {object} Question
 * @property {string} value
 * @property {string} kind
 */

/** @param {{ onAsk: (question: Question) => void, isBusy: boolean }} props */
export function LookUpForm({ onAsk, isBusy }) {
  const [value, setValue] = useState('')
  const [chosen, setChosen] = useState('')
  const meant = refanged(value)
  const kind = isStixId(meant) ? 'id' : chosen || typeOf(meant)
  /** @param {Event} event */
  const submit = event => {
    event.preventDefault()
    if (meant !== '' && kind) onAsk({ value: meant, kind })
  }
  return html`
    <form class="look-up-form" onSubmit=${submit} autocomplete="off">
      <div class="row filters">
        <label class="grow">Value or STIX id
          <input type="search" value=${value} spellcheck="false" autofocus maxlength="4000"
            onInput=${(/** @type {InputEvent} */ { target }) => setValue(/** @type {HTMLInputElement} */ (target).value)} />
        </label>
        <label>Type
          <select value=${chosen} onChange=${(/** @type {Event} */ { target }) => setChosen(/** @type {HTMLSelectElement} */ (target).value)}>
            <option value="">by its form</option>
            ${observableTypes.map(type => html`<option key=${type} value=${type}>${type}</option>`)}
          </select>
        </label>
        <button class="primary" disabled=${isBusy || meant === '' || !kind}>${isBusy ? 'Asking…' : 'Look up'}</button>
      </div>
      <p class="quiet" aria-live="polite">${hint(value, meant, kind)}</p>
    </form>
  `
}

/**
 * @param {string} value
 * @param {string} meant
 * @param {string | undefined} kind
 */
function hint(value, meant, kind) {
  if (value.trim() === '')
    return 'A domain, address, URL, hash, or the id of a STIX object. Defanged values are read as meant.'
  if (!kind) return 'Choose its type: its form does not tell.'
  const read = meant === value.trim() ? '' : html`, read as <${Value} text=${meant} />`
  return html`Looked up as ${kind === 'id' ? 'a STIX id' : kind}${read}.`
}

/** @param {{ question: Question, error: unknown }} props */
export function Failure({ question, error }) {
  const { title, text } = wordsOfFailure(error)
  return html`
    <section class="note is-bad" role="alert">
      <h2>${title}</h2>
      <p>${text}</p>
      <p class="quiet">Asked for <${Value} text=${question.value} />.</p>
    </section>
  `
}

/** @param {{ answer: Answer }} props */
export function Result({ answer }) {
  const { value, kind, objects, hasMore, now } = answer
  const indicators = objects.filter(({ type }) => type === 'indicator')
  const wanted = kind === 'id' ? objects.filter(({ id }) => id === value) : indicators
  const byId = new Map(objects.map(object => [object.id, object]))
  if (objects.length === 0) return html`<${Unknown} answer=${answer} />`
  return html`
    <section aria-labelledby="result">
      <h2 id="result" tabindex="-1">Sekoia knows <${Value} text=${value} /></h2>
      <${Origin} answer=${answer} />
      <p>
        ${kind === 'id' ? '' : `${wanted.length} ${wanted.length === 1 ? 'indicator' : 'indicators'}, `}${objects.length} objects in all.
        ${hasMore && ' Sekoia has more indicators than it gave.'}
        ${' '}<button onClick=${() => download(objects, 'look-up.stix.json')}>Download as STIX bundle</button>
      </p>
      ${wanted.map(object =>
        object.type === 'indicator'
          ? html`<${Indicator} key=${object.id} indicator=${object} objects=${objects} now=${now} />`
          : html`<${Other} key=${object.id} object=${object} />`
      )}
      <details>
        <summary>All ${objects.length} objects</summary>
        <ul class="objects">
          ${objects.map(object => html`<li key=${object.id}><span class="quiet"><${Value} text=${object.type} most=${100} /></span><span><${Title} object=${object} byId=${byId} /></span><${Raw} object=${object} /></li>`)}
        </ul>
      </details>
    </section>
  `
}

/** @param {{ object: StixObject }} props */
const Other = ({ object }) => html`
  <article class="card">
    <h3><${Value} text=${nameOf(object)} /></h3>
    <p class="quiet"><${Value} text=${object.type} most=${100} /></p>
    ${typeof object['description'] === 'string' && html`<p class="prose"><${Value} text=${object['description']} most=${2000} /></p>`}
    <${Raw} object=${object} />
  </article>
`

/** @param {{ answer: Answer }} props */
const Unknown = ({ answer }) => html`
  <section class="note" role="status">
    <h2>Sekoia knows nothing of this ${answer.kind === 'id' ? 'id' : 'value'}</h2>
    <p>
      It was asked for <strong><${Value} text=${answer.value} /></strong>${
        answer.kind === 'id'
          ? ', and has no object of this id that the key may see.'
          : ` as ${answer.kind}, and answered that it has no indicator with it. That does not make the value harmless.`
      }
    </p>
    <${Origin} answer=${answer} />
  </section>
`

/** @param {{ answer: Answer }} props */
const Origin = ({ answer: { isStale, ageSeconds } }) =>
  isStale
    ? html`<p class="warn"><strong>Sekoia is away:</strong> this is what it said ${duration(ageSeconds)} ago.</p>`
    : html`<p class="quiet">${ageSeconds > 0 ? `Sekoia’s answer of ${duration(ageSeconds)} ago.` : 'Sekoia’s answer of now.'}</p>`
