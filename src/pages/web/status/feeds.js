import { ago, compact, count, dateTime, duration } from '../parts/format.js'
import { Value } from '../parts/value.js'
import { html } from '../preact.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').FeedView} FeedView
 * @typedef {FeedView['logs'][number]} Log
 * @typedef {NonNullable<FeedView['misp']>} Misp
 */

/** @param {{ feeds: FeedView[] | undefined, now: string }} props */
export const Feeds = ({ feeds, now }) => html`
  <section aria-labelledby="feeds">
    <h2 id="feeds">Feeds ${feeds && html`<span class="quiet">${count(feeds.length)}</span>`}</h2>
    ${feeds?.length === 0 && html`<p>Nothing is known of any feed yet: a client asks for the list first.</p>`}
    <div class="cards">
      ${feeds?.map(feed => html`<${Feed} key=${`${feed.scope} ${feed.feedId}`} feed=${feed} now=${now} />`)}
    </div>
  </section>
`

/** @param {{ feed: FeedView, now: string }} props */
const Feed = ({ feed, now }) => html`
  <article class="card">
    <h3><${Value} text=${feed.title} /></h3>
    <p class="quiet"><span class="mono"><${Value} text=${feed.feedId} /></span> · key ${feed.scope}</p>
    ${
      feed.obstacle &&
      html`<p class="note is-warn">
        <strong>${feed.obstacle.reason === 'preparing' ? 'Being prepared' : 'Left out of the list'}:</strong>
        ${' '}${feed.obstacle.advice}
      </p>`
    }
    ${!feed.isListed && html`<p class="quiet">Not in the list of the key; read by its id.</p>`}
    ${feed.isNewestFirst && html`<p class="quiet">Sekoia lists it newest first.</p>`}
    ${feed.logs.length === 0 && !feed.obstacle && html`<p class="quiet">Nobody has read it here since the start.</p>`}
    ${feed.logs.map(log => html`<${LogOf} key=${log.types.join()} log=${log} now=${now} />`)}
    ${feed.misp && html`<${MispOf} misp=${feed.misp} now=${now} />`}
  </article>
`

/** @param {{ log: Log, now: string }} props */
function LogOf({ log, now }) {
  const { types, includesRevoked, objects, newest, endAgeSeconds, firstWalk } = log
  const limits = [types.join(', '), includesRevoked ? 'with revoked and expired' : '']
  const named = limits.filter(text => text !== '').join(', ')
  return html`
    ${named && html`<h4 class="quiet">Only ${named}</h4>`}
    ${firstWalk && html`<${Walk} walk=${firstWalk} />`}
    <dl class="facts">
      <div><dt>Objects held</dt><dd>${count(objects)}</dd></div>
      <div><dt>Newest</dt><dd title=${newest ? dateTime(newest) : ''}>${newest ? ago(newest, now) : 'none'}</dd></div>
      <div>
        <dt>End confirmed</dt>
        <dd>${endAgeSeconds === null ? 'not reached yet' : `${duration(endAgeSeconds)} ago`}</dd>
      </div>
    </dl>
  `
}

/** @param {{ walk: NonNullable<Log['firstWalk']> }} props */
function Walk({ walk: { objects, fraction, objectsPerSecond, secondsLeft } }) {
  const percent = fraction === null ? undefined : Math.round(100 * fraction)
  return html`
    <p class="walk">
      <strong>First reading</strong>${' '}
      <progress aria-label="First reading" max="100" value=${percent}></progress>
      ${' '}${percent === undefined ? 'length not known yet' : `${percent} %`}<br />
      <span class="quiet">
        ${count(objects)} objects, ${compact(objectsPerSecond)} a second${secondsLeft !== null && `, about ${duration(secondsLeft)} left`}
      </span>
    </p>
  `
}

/** @param {{ misp: Misp, now: string }} props */
const MispOf = ({ misp: { isBuilt, lastPublication, objectsRead, coverage }, now }) => html`
  <h4>For MISP</h4>
  <p>
    ${isBuilt ? 'Built' : html`<strong>Being built</strong>: ${count(objectsRead)} objects read`}${lastPublication && `, last changed ${ago(lastPublication, now)}`}.
  </p>
  ${coverage && html`<${Coverage} coverage=${coverage} />`}
`

/** @param {Record<string, number>} counts */
const total = counts => Object.values(counts).reduce((sum, value) => sum + value, 0)

/** @param {{ coverage: NonNullable<Misp['coverage']> }} props */
function Coverage({ coverage: { live, toIds, context, outsideWindow, fallback, skipped } }) {
  const parts = /** @type {const} */ ([
    ['detected', toIds, 'good'],
    ['context', context, 'accent'],
    ['whole pattern', total(fallback), 'warn'],
    ['outside the window', outsideWindow, 'quiet'],
    ['skipped', total(skipped), 'bad']
  ])
  const reasons = Object.entries({ ...fallback, ...skipped })
  return html`
    <p class="sum">
      ${count(live)} live indicators: ${parts.map(([name, value]) => `${count(value)} ${name}`).join(', ')}.
    </p>
    <div class="stack" aria-hidden="true">
      ${parts.map(([name, value, colour]) => html`<span key=${name} class=${`fill-${colour}`} style=${{ flexGrow: value }}></span>`)}
    </div>
    ${
      reasons.length > 0 &&
      html`<details>
        <summary>Why patterns go whole or are skipped</summary>
        <ul>
          ${reasons.map(([reason, value]) => html`<li key=${reason}>${count(value)} ${reason}</li>`)}
        </ul>
      </details>`
    }
  `
}
