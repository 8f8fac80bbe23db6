import { dateTime } from '../parts/format.js'
import { Value } from '../parts/value.js'
import { html, useState } from '../preact.js'

/** @typedef {import('./bundle.js').StixObject} StixObject */

/** More of a raw object is not drawn: the whole is in the download. */
const mostRaw = 50_000

/**
 * Of an array that others wrote, the texts.
 *
 * @param {unknown} list
 * @returns {string[]}
 */
export const textsIn = list =>
  Array.isArray(list) ? list.filter(item => typeof item === 'string') : []

/** @param {StixObject} object */
export const nameOf = object =>
  [object['name'], object['value'], object['pattern'], object['relationship_type']].find(
    text => typeof text === 'string' && text !== ''
  ) ?? object.id

/**
 * What an object is about, in a line; of a relationship what it relates.
 *
 * @param {{ object: StixObject, byId: ReadonlyMap<string, StixObject> }} props
 */
export function Title({ object, byId }) {
  if (object.type !== 'relationship')
    return html`<strong><${Value} text=${nameOf(object)} /></strong>`
  const end = (/** @type {string} */ member) => {
    const id = String(object[member])
    return html`<strong><${Value} text=${nameOf(byId.get(id) ?? { id, type: '' })} /></strong>`
  }
  return html`${end('source_ref')} <${Value} text=${object['relationship_type']} most=${100} /> ${end('target_ref')}`
}

/** The object itself, drawn when it is opened. @param {{ object: StixObject }} props */
export function Raw({ object }) {
  const [isOpen, setOpen] = useState(false)
  return html`
    <details onToggle=${(/** @type {Event} */ { target }) => setOpen(/** @type {HTMLDetailsElement} */ (target).open)}>
      <summary>STIX</summary>
      ${isOpen && html`<pre class="raw" tabindex="0"><${Value} text=${JSON.stringify(object, null, 2)} most=${mostRaw} /></pre>`}
    </details>
  `
}

/**
 * Whether an indicator counts now.
 *
 * @param {StixObject} indicator
 * @param {number} now ms since the epoch
 * @returns {{ text: string, colour: string }}
 */
export function validityOf(indicator, now) {
  const from = Date.parse(indicator['valid_from'])
  const until = Date.parse(indicator['valid_until'])
  if (indicator['revoked'] === true) return { text: 'revoked', colour: 'bad' }
  if (until <= now) return { text: 'expired', colour: 'warn' }
  if (from > now) return { text: 'not valid yet', colour: 'warn' }
  return { text: 'valid', colour: 'good' }
}

/** @param {unknown} instant */
const when = instant =>
  typeof instant === 'string' && !Number.isNaN(Date.parse(instant)) ? dateTime(instant) : 'open'

/**
 * One indicator with what a bundle says of it.
 *
 * @param {{ indicator: StixObject, objects: StixObject[], now: number }} props
 */
export function Indicator({ indicator, objects, now }) {
  const { text, colour } = validityOf(indicator, now)
  const byId = new Map(objects.map(object => [object.id, object]))
  const found = (/** @type {unknown} */ ids) =>
    textsIn(ids).map(id => byId.get(id) ?? { id, type: '' })
  const markings = found(indicator['object_marking_refs'])
  const sources = found(indicator['x_inthreat_sources_refs'])
  const relations = objects.filter(isRelationOf(indicator.id))
  return html`
    <article class="card indicator">
      <h3><${Value} text=${nameOf(indicator)} /> <span class=${`state fill-${colour}`}>${text}</span></h3>
      <p><code><${Value} text=${indicator['pattern']} most=${2000} /></code></p>
      <dl class="facts">
        <div><dt>Valid</dt><dd>${when(indicator['valid_from'])} – ${when(indicator['valid_until'])}</dd></div>
        <div><dt>TLP</dt><dd>${listOf(markings.map(markingName))}</dd></div>
        <div><dt>Confidence</dt><dd>${Number.isFinite(indicator['confidence']) ? `${indicator['confidence']} of 100` : 'not told'}</dd></div>
        <div><dt>Kind</dt><dd>${listOf(textsIn(indicator['indicator_types']))}</dd></div>
        <div><dt>Modified</dt><dd>${when(indicator['modified'])}</dd></div>
        <div><dt>Sources</dt><dd>${listOf(sources.map(nameOf))}</dd></div>
      </dl>
      ${typeof indicator['description'] === 'string' && indicator['description'] !== '' && html`<p class="prose"><${Value} text=${indicator['description']} most=${2000} /></p>`}
      <h4>Relations</h4>
      ${
        relations.length === 0
          ? html`<p class="quiet">none</p>`
          : html`<ul>${relations.map(relation => html`<${Relation} key=${relation.id} relation=${relation} self=${indicator.id} byId=${byId} />`)}</ul>`
      }
      <${Raw} object=${indicator} />
    </article>
  `
}

/** @param {string} id */
const isRelationOf = id => (/** @type {StixObject} */ object) =>
  object.type === 'relationship' && (object['source_ref'] === id || object['target_ref'] === id)

/** @param {{ relation: StixObject, self: string, byId: Map<string, StixObject> }} props */
function Relation({ relation, self, byId }) {
  const isSource = relation['source_ref'] === self
  const id = String(isSource ? relation['target_ref'] : relation['source_ref'])
  const other = byId.get(id) ?? { id, type: id.split('--')[0] ?? '' }
  return html`
    <li>
      ${!isSource && 'is the target of '}<${Value} text=${relation['relationship_type']} most=${100} />
      ${' '}<span class="quiet"><${Value} text=${other.type} most=${100} /></span>${' '}
      <strong><${Value} text=${nameOf(other)} /></strong>
    </li>
  `
}

/** @param {StixObject} marking */
const markingName = marking => {
  const tlp = marking['definition']?.tlp
  return typeof marking['name'] === 'string'
    ? marking['name']
    : typeof tlp === 'string'
      ? `TLP:${tlp.toUpperCase()}`
      : marking.id
}

/** @param {readonly string[]} texts */
const listOf = texts =>
  texts.length === 0
    ? 'not told'
    : texts.map(
        (text, i) => html`${i > 0 && ', '}<${Value} key=${text} text=${text} most=${200} />`
      )
