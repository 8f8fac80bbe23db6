import { ago, compact, count, dateTime, duration, size } from '../parts/format.js'
import { Value } from '../parts/value.js'
import { html, useState } from '../preact.js'

/** @typedef {import('../../../gateway/schemas.ts').ConsumerView} ConsumerView */

/** The worst first. */
const states = /** @type {const} */ (['stuck', 'refused', 'gone', 'reading', 'at-the-tip'])

const words =
  /** @type {Record<ConsumerView['state'], { text: string, colour: string, meaning: string }>} */ ({
    stuck: {
      text: 'stuck',
      colour: 'bad',
      meaning:
        'asks for the same place again and again: its answers fail, it leaves early, or it ignores next'
    },
    refused: { text: 'refused', colour: 'bad', meaning: 'its last answer was 401 or 403' },
    gone: { text: 'gone', colour: 'warn', meaning: 'silent for three of its intervals' },
    reading: {
      text: 'reading',
      colour: 'accent',
      meaning: 'its last answer left something to be read'
    },
    'at-the-tip': { text: 'at the tip', colour: 'good', meaning: 'it has everything' }
  })

const pageSize = 50

/** @param {{ consumers: ConsumerView[] | undefined, now: string }} props */
export function Consumers({ consumers = [], now }) {
  const [wanted, setWanted] = useState('')
  const [state, setState] = useState('')
  const [shown, setShown] = useState(pageSize)
  const found = consumers
    .filter(consumer => state === '' || consumer.state === state)
    .filter(consumer => isMatch(consumer, wanted.toLowerCase()))
    .toSorted((a, b) => states.indexOf(a.state) - states.indexOf(b.state))
  return html`
    <section aria-labelledby="consumers">
      <h2 id="consumers">Consumers <span class="quiet">${count(consumers.length)}</span></h2>
      ${
        consumers.length === 0
          ? html`<p>Nobody has read anything here since the start.</p>`
          : html`
            <div class="row filters">
              <label>Find <input type="search" value=${wanted} onInput=${(/** @type {InputEvent} */ { target }) => setWanted(/** @type {HTMLInputElement} */ (target).value)} /></label>
              <label>State
                <select value=${state} onChange=${(/** @type {Event} */ { target }) => setState(/** @type {HTMLSelectElement} */ (target).value)}>
                  <option value="">any</option>
                  ${states.map(name => html`<option key=${name} value=${name}>${words[name].text}</option>`)}
                </select>
              </label>
            </div>
            <${Table} consumers=${found.slice(0, shown)} now=${now} />
            ${found.length === 0 && html`<p>None is like that.</p>`}
            ${found.length > shown && html`<button onClick=${() => setShown(shown + pageSize)}>Show more of ${count(found.length)}</button>`}
            <details>
              <summary>What the states mean</summary>
              <dl class="legend">
                ${states.map(name => html`<div key=${name}><dt><${State} state=${name} /></dt><dd>${words[name].meaning}</dd></div>`)}
              </dl>
            </details>`
      }
    </section>
  `
}

/**
 * @param {ConsumerView} consumer
 * @param {string} wanted
 */
const isMatch = ({ scope, user, userAgent, address, dialect, feedId }, wanted) =>
  [scope, user, userAgent, address, dialect, feedId].some(text =>
    text?.toLowerCase().includes(wanted)
  )

/** @param {{ state: ConsumerView['state'] }} props */
const State = ({ state }) =>
  html`<span class=${`state fill-${words[state].colour}`}>${words[state].text}</span>`

const columns = ['State', 'Who', 'Reads', 'Last request', 'Has', 'Given']

/**
 * On a narrow screen each row is a card. It stays a table for those who hear it.
 *
 * @param {{ consumers: ConsumerView[], now: string }} props
 */
const Table = ({ consumers, now }) => html`
  <table class="consumers" role="table">
    <thead role="rowgroup">
      <tr role="row">${columns.map(name => html`<th key=${name} role="columnheader" scope="col">${name}</th>`)}</tr>
    </thead>
    <tbody role="rowgroup">
      ${consumers.map(consumer => html`<${Row} key=${keyOf(consumer)} consumer=${consumer} now=${now} />`)}
    </tbody>
  </table>
`

/** @param {ConsumerView} consumer */
const keyOf = ({ scope, user, userAgent, address, dialect, feedId }) =>
  JSON.stringify([scope, user, userAgent, address, dialect, feedId])

/** @param {{ consumer: ConsumerView, now: string }} props */
function Row({ consumer, now }) {
  const { state, user, userAgent, address, scope, dialect, feedId } = consumer
  const { requests, objects, bytes } = consumer
  return html`
    <tr role="row">
      <td role="cell"><${State} state=${state} /></td>
      <td role="cell">
        <strong><${Value} text=${user ?? userAgent ?? 'no name'} /></strong><br />
        <span class="quiet"><${Value} text=${[user && (userAgent ?? 'no user agent'), address, scope && `key ${scope}`].filter(Boolean).join(', ')} /></span>
      </td>
      <td role="cell">${dialect}<br /><span class="quiet mono"><${Value} text=${feedId ?? 'no feed'} /></span></td>
      <td role="cell"><${Last} consumer=${consumer} now=${now} /></td>
      <td role="cell"><${Place} consumer=${consumer} /></td>
      <td role="cell">${dialect === 'misp' ? 'files' : `${compact(objects)} objects`}<br /><span class="quiet">${size(bytes)} in ${compact(requests)} requests</span></td>
    </tr>
  `
}

/** @param {{ consumer: ConsumerView, now: string }} props */
const Last = ({ consumer: { lastRequest, lastStatus, intervalSeconds, repeats }, now }) => html`
  <span title=${dateTime(lastRequest)}>${ago(lastRequest, now)}</span>${lastStatus >= 400 && html`, <strong class="bad">${lastStatus}</strong>`}
  <br />
  <span class="quiet">
    ${intervalSeconds === null ? 'no pause seen yet' : `pauses of ${duration(intervalSeconds)}`}${repeats > 0 && `, ${count(repeats)} ${repeats === 1 ? 'repeat' : 'repeats'}`}
  </span>
`

/** @param {{ consumer: ConsumerView }} props */
function Place({ consumer: { dialect, place, behindSeconds } }) {
  if (place === null)
    return html`<span class="quiet">${dialect === 'misp' ? 'files, not places' : 'not known'}</span>`
  return html`
    everything to ${dateTime(place)}<br />
    <span class="quiet">${behindSeconds ? `${duration(behindSeconds)} behind` : 'nothing is behind'}</span>
  `
}
