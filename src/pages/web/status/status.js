import { ago, compact, dateTime, duration, milliseconds, size } from '../parts/format.js'
import { html } from '../preact.js'
import { mountPage } from '../shell/shell.js'
import { Blocks } from './blocks.js'
import { Consumers } from './consumers.js'
import { Feeds } from './feeds.js'
import { Plots } from './plots.js'
import { usePolled } from './polled.js'

/** @typedef {import('../../../gateway/schemas.ts').StatusView} StatusView */

const pauseMs = 5000
const historyPauseMs = 60_000

mountPage('status', 'Status', ({ api, status: first }) => {
  const isOperator = first.view === 'operator'
  const status = usePolled(api, 'status', pauseMs)
  const feeds = usePolled(api, 'feeds', pauseMs)
  const consumers = usePolled(api, 'consumers', 2 * pauseMs)
  const history = usePolled(api, isOperator ? 'history' : undefined, historyPauseMs)
  const now = status.data ?? first
  const past = history.data
  return html`
    <${Freshness} now=${now.now} error=${status.error ?? feeds.error ?? consumers.error} />
    <${Parts} status=${now} />
    ${past && html`<${Blocks} history=${past} />`}
    <${Feeds} feeds=${feeds.data?.feeds} now=${now.now} />
    <${Consumers} consumers=${consumers.data?.consumers} now=${now.now} />
    ${past && html`<${Plots} history=${past} />`}
    ${
      !isOperator &&
      html`<p class="quiet">
        This is what belongs to your key. The history of the gateway, its memory and its calls to Sekoia are of all keys
        together, and shown with the operator token.
      </p>`
    }
  `
})

/** @param {{ now: string, error: Error | undefined }} props */
const Freshness = ({ now, error }) => html`
  <p class="freshness" aria-live="polite">
    ${
      error
        ? html`<strong class="bad">Not refreshed: ${error.message}</strong> What follows is of ${dateTime(now)}.`
        : html`<span class="quiet">As of ${dateTime(now)}; refreshes by itself.</span>`
    }
  </p>
`

const partNames = /** @type {Record<string, string>} */ ({
  store: 'Store',
  upstream: 'Sekoia',
  feeds: 'Feeds'
})

/** @param {{ status: StatusView }} props */
function Parts({ status }) {
  const { parts, sekoia, store, phase, version, startedAt, now, residentBytes, replicas } = status
  const troubles = Object.entries(parts).filter(([, text]) => text !== 'ok')
  return html`
    <section aria-label="Parts">
      <p class=${`verdict ${troubles.length === 0 ? 'is-good' : 'is-bad'}`} role="status">
        ${
          troubles.length === 0
            ? 'All parts are well.'
            : troubles.map(([name, text]) => `${partNames[name] ?? name}: ${text}.`).join(' ')
        }
      </p>
      <dl class="facts">
        <${Fact} name="Sekoia">
          ${wordsOfBreaker(sekoia.breaker)}
          ${sekoia.recent && html`<${Recent} recent=${sekoia.recent} />`}
          ${sekoia.lastSuccess && html`<br /><span class="quiet">last answered ${ago(sekoia.lastSuccess, now)}</span>`}
        </${Fact}>
        <${Fact} name="Clock">
          ${
            sekoia.clockDifferenceSeconds === null
              ? 'not compared with Sekoia yet'
              : `${Math.abs(sekoia.clockDifferenceSeconds)} s from Sekoia’s`
          }
        </${Fact}>
        <${Fact} name="Store">
          ${store.kind === 'redis' ? 'Redis' : 'SQLite'}${replicas !== null && html`, ${compact(replicas)} ${replicas === 1 ? 'gateway' : 'gateways'} on it`}
        </${Fact}>
        ${residentBytes !== null && html`<${Fact} name="Memory">${size(residentBytes)}</${Fact}>`}
        <${Fact} name="Gateway">
          ${phase}, version ${version}<br />
          <span class="quiet">started ${ago(startedAt, now)}</span>
        </${Fact}>
      </dl>
    </section>
  `
}

/** @param {{ name: string, children: unknown }} props */
const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`

/** @param {string} breaker */
const wordsOfBreaker = breaker =>
  breaker === 'closed'
    ? 'is asked as usual'
    : breaker === 'open'
      ? html`<strong class="bad">is left alone after failures (breaker open)</strong>`
      : html`<strong class="warn">is tried again (breaker half-open)</strong>`

/** @param {{ recent: NonNullable<StatusView['sekoia']['recent']> }} props */
const Recent = ({ recent: { calls, failed, rateLimited, medianMs, p95Ms } }) => html`
  <br />
  ${compact(calls)} calls in ${duration(900)}: ${compact(failed)} failed, ${compact(rateLimited)} rate-limited
  ${
    medianMs !== null &&
    p95Ms !== null &&
    html`<br /><span class="quiet">half within ${milliseconds(medianMs)}, 95 % within ${milliseconds(p95Ms)}</span>`
  }
`
