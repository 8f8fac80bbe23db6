import { html, useState } from '../preact.js'
import { CopyButton, download } from './copy.js'
import { tryAs } from './try.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').ClientsView['clients'][number]} Client
 * @typedef {import('./try.js').Step} Step
 * @typedef {{ client: Client, apiKey: string | undefined, onTried: () => void }} Props no key: the operator looks
 */

const placeholder = 'YOUR-KEY'
/** @type {Readonly<Record<string, string>>} */
const dialects = { taxii: 'TAXII 2.1', misp: 'MISP feed', native: 'Sekoia API' }

/** How one product is set up, and a trial of it. @param {Props} props */
export const Product = ({ client, apiKey, onTried }) => html`
  <details class="product" id=${client.id}>
    <summary>
      <span class="name">${client.name}</span>
      <span class="quiet">${dialects[client.dialect]}</span>
    </summary>
    <div class="inside">
      <p>${client.where}</p>
      <div class="scroll">
        <table class="fields">
          <tbody>
            ${client.fields.map(field => html`<${Field} field=${field} apiKey=${apiKey} />`)}
          </tbody>
        </table>
      </div>
      <p class="quiet"><${Evidence} evidence=${client.fieldsEvidence} isWhole=${true} /></p>
      <h3>What to know</h3>
      <ul>
        ${client.pitfalls.map(
          ({ text, evidence }) =>
            html`<li>${withCode(text)} <${Evidence} evidence=${evidence} /></li>`
        )}
      </ul>
      ${client.file && html`<${File} file=${client.file} />`}
      <${Trial} client=${client} apiKey=${apiKey} onTried=${onTried} />
    </div>
  </details>
`

/** @param {{ field: Client['fields'][number], apiKey: string | undefined }} props */
function Field({ field: { name, value, isChoice }, apiKey }) {
  const hasKey = value.includes(placeholder)
  const copied = apiKey === undefined ? value : value.replaceAll(placeholder, apiKey)
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td>${shownValue(value, isChoice)}</td>
      <td class="action">
        ${value !== '' && !isChoice && html`<${CopyButton} text=${copied} label=${hasKey ? `${name}, with your key` : name} />`}
      </td>
    </tr>
  `
}

/** @param {string} value @param {boolean} isChoice */
function shownValue(value, isChoice) {
  if (value === '') return html`<span class="quiet">leave empty</span>`
  return isChoice ? value : html`<code>${value}</code>`
}

/** What stands between backticks, as code. @param {string} text */
const withCode = text =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))

/** @type {Readonly<Record<string, { text: string, whole: string }>>} */
const kinds = {
  proven: { text: 'proven', whole: 'Proven by a test of ours' },
  source: { text: 'source code', whole: 'From the source code of the client' },
  documentation: { text: 'documentation', whole: 'From documentation' }
}

/** @param {{ evidence: Client['fieldsEvidence'], isWhole?: boolean }} props */
const Evidence = ({ evidence: { kind, reference }, isWhole = false }) =>
  isWhole
    ? html`<span>${kinds[kind]?.whole}: ${reference}.</span>`
    : html`<span class=${`mark ${kind}`} title=${reference}>${kinds[kind]?.text}<span class="unseen">: ${reference}</span></span>`

/** @param {{ file: NonNullable<Client['file']> }} props */
const File = ({ file: { name, text, use } }) => html`
  <h3>${name}</h3>
  <p>${use}</p>
  <p class="row">
    <button onClick=${() => download(name, text)}>Download ${name}</button>
    <${CopyButton} text=${text} label=${name} />
  </p>
  <details>
    <summary>Show ${name}</summary>
    <pre tabindex="0" role="region" aria-label=${`Content of ${name}`}>${text}</pre>
  </details>
`

const marks = { ok: '✓', wait: '…', failed: '✗' }
const tones = { ok: 'good', wait: 'warn', failed: 'bad' }
const said = { ok: 'good: ', wait: 'not yet: ', failed: 'failed: ' }

/** @param {Props} props */
function Trial({ client, apiKey, onTried }) {
  const [steps, setSteps] = useState(/** @type {Step[]} */ ([]))
  const [isBusy, setBusy] = useState(false)
  if (apiKey === undefined)
    return html`<h3>Try it as this client</h3><p class="quiet">Enter a key of Sekoia to try it: the operator token opens no feed.</p>`
  const run = async () => {
    setBusy(true)
    await tryAs(client, apiKey, setSteps)
    setBusy(false)
    onTried()
  }
  return html`
    <h3>Try it as this client</h3>
    <p>
      <button class="primary" onClick=${run} disabled=${isBusy}>
        ${isBusy ? 'Asking…' : 'Send its requests now'}
      </button>
    </p>
    <ol class="steps" aria-live="polite">
      ${steps.map(
        ({ path, verdict }) => html`
          <li>
            <code>GET /${path}</code>
            <p class=${verdict ? tones[verdict.outcome] : 'quiet'}>
              ${verdict ? html`<span aria-hidden="true">${marks[verdict.outcome]} </span><span class="unseen">${said[verdict.outcome]}</span><span class="value">${verdict.words}</span>` : 'waiting for the answer'}
            </p>
          </li>
        `
      )}
    </ol>
    ${!isBusy && steps.length > 0 && html`<p class="summary" role="status">${sumOf(steps)}</p>`}
  `
}

/** @param {Step[]} steps */
function sumOf(steps) {
  const outcomes = steps.map(({ verdict }) => verdict?.outcome)
  if (outcomes.includes('failed'))
    return 'This client would fail here. What the last answer says is what to mend.'
  if (outcomes.includes('wait')) return 'Not yet: try again in a minute.'
  return 'Every request of this client is answered as it needs.'
}
