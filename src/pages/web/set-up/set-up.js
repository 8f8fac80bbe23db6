import { html, useCallback, useEffect, useState } from '../preact.js'
import { gatewayUrl } from '../shell/api.js'
import { listener } from '../shell/listener.js'
import { mountPage } from '../shell/shell.js'
import { wordsFor } from '../shell/words.js'
import { CopyButton } from './copy.js'
import { stateOf } from './feed-words.js'
import { Product } from './product.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').SetupView} SetupView
 * @typedef {import('../../../gateway/schemas.ts').FeedView} FeedView
 * @typedef {import('../../../gateway/schemas.ts').ChecksView} ChecksView
 * @typedef {import('../../../gateway/schemas.ts').ClientsView} ClientsView
 * @typedef {import('../shell/shell.js').Session} Session
 * @typedef {{ setup: SetupView, feeds: FeedView[], checks: ChecksView }} Facts
 */

mountPage('set-up', 'Connect a client', SetUp)

/** @param {Session} session */
function SetUp({ api, status }) {
  const [facts, setFacts] = useState(/** @type {Facts | undefined} */ (undefined))
  const [feedId, setFeedId] = useState(/** @type {string | undefined} */ (undefined))
  const [trouble, setTrouble] = useState('')
  const look = useCallback(async () => {
    try {
      const [setup, { feeds }, checks] = await Promise.all([
        /** @type {Promise<SetupView>} */ (api.get('setup')),
        /** @type {Promise<{ feeds: FeedView[] }>} */ (api.get('feeds')),
        /** @type {Promise<ChecksView>} */ (api.get('checks'))
      ])
      setFacts({ setup, feeds, checks })
      const first = setup.feeds.find(({ obstacle }) => !obstacle) ?? setup.feeds[0]
      setFeedId(chosen => chosen ?? first?.feedId)
      setTrouble('')
    } catch (error) {
      setTrouble(wordsFor(error))
    }
  }, [api])
  useEffect(() => void look(), [look])

  if (!facts)
    return html`<p class=${trouble ? 'trouble' : 'quiet'} role="status">${trouble || 'Asking Sekoia…'}</p>`
  return html`
    <p class="trouble" role="alert">${trouble}</p>
    <${Checks} checks=${facts.checks} onAgain=${look} />
    <${Addresses} baseUrl=${facts.setup.baseUrl} />
    <${Feeds} facts=${facts} feedId=${feedId} onChoose=${setFeedId} />
    ${
      feedId !== undefined &&
      html`<${Products} api=${api} feedId=${feedId} onTried=${look}
        apiKey=${status.view === 'key' ? api.credential : undefined} />`
    }
  `
}

const marks = { ok: '✓', warning: '!', failed: '✗' }
const tones = { ok: 'good', warning: 'warn', failed: 'bad' }
/** @type {Readonly<Record<string, string>>} */
const checkNames = {
  sekoia: 'Sekoia',
  key: 'Key',
  'permission.intelligence': 'Reading feeds',
  'permission.feeds': 'Listing feeds',
  feeds: 'Feeds',
  store: 'Store',
  clock: 'Clock'
}

const sums = {
  ok: 'All is well',
  warning: 'Works, with something to change',
  failed: 'Something has to change first'
}

/** Open by itself when there is something to change. @param {{ checks: ChecksView, onAgain: () => void }} props */
const Checks = ({ checks: { outcome, checks }, onAgain }) => html`
  <details class="panel" open=${outcome !== 'ok'}>
    <summary>
      <h2><span class=${tones[outcome]} aria-hidden="true">${marks[outcome]} </span>${sums[outcome]}</h2>
      <span class="quiet">${checks.length} checks</span>
    </summary>
    <ul class="checks">
      ${checks.map(
        check => html`
          <li>
            <span class=${`sign ${tones[check.outcome]}`} aria-hidden="true">${marks[check.outcome]}</span>
            <span class="what">${checkNames[check.name] ?? check.name}<span class="unseen">, ${check.outcome}</span></span>
            <span class="value">${check.detail}</span>
          </li>
        `
      )}
    </ul>
    <p><button onClick=${onAgain}>Check again</button></p>
  </details>
`

/** Tells when clients are given another address than the one this page was reached by. @param {{ baseUrl: string }} props */
function Addresses({ baseUrl }) {
  const here = gatewayUrl.href.replace(/\/$/, '')
  if (!listener.takesKeys)
    return html`<p class="note">This is the operator’s own listener. Clients use the public address: unless PUBLIC_URL says it, the addresses below are wrong.</p>`
  if (baseUrl === here) return null
  return html`<p class="note">Clients are given the address <code>${baseUrl}</code>; this page was reached at <code>${here}</code>. When the first is wrong, set PUBLIC_URL, or name the proxy in SERVER_TRUST_PROXY.</p>`
}

/**
 * @param {{ facts: Facts, feedId: string | undefined, onChoose: (feedId: string) => void }} props
 */
function Feeds({ facts: { setup, feeds }, feedId, onChoose }) {
  if (setup.feeds.length === 0) return html`<h2>Feeds</h2><p>No feed is listed for this key.</p>`
  const rows = setup.feeds.flatMap(feed => {
    const seen = feeds.find(one => one.feedId === feed.feedId && one.scope === feed.scope)
    return seen ? [{ feed, state: stateOf(seen) }] : []
  })
  return html`
    <section aria-labelledby="feeds">
      <h2 id="feeds">Feeds</h2>
      <div class="scroll">
        <table class="feeds">
          <thead>
            <tr><th scope="col"><span class="unseen">Set up</span></th><th scope="col">Title and id</th><th scope="col">State</th></tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ feed, state: { tone, words, advice } }) => html`
                <tr>
                  <td>
                    <input type="radio" name="feed" checked=${feed.feedId === feedId}
                      aria-label=${`Set up ${feed.title}`} onChange=${() => onChoose(feed.feedId)} />
                  </td>
                  <td>
                    <span class="value title">${feed.title}</span>
                    <span class="row"><code>${feed.feedId}</code>
                      <${CopyButton} text=${feed.feedId} label=${`id of ${feed.title}`} /></span>
                  </td>
                  <td><span class=${tone}>${words}</span>${advice && html`<p class="quiet">${advice}</p>`}</td>
                </tr>
              `
            )}
          </tbody>
        </table>
      </div>
    </section>
  `
}

/**
 * @param {{ api: Session['api'], feedId: string, apiKey: string | undefined, onTried: () => void }} props
 */
function Products({ api, feedId, apiKey, onTried }) {
  const [view, setView] = useState(/** @type {ClientsView | undefined} */ (undefined))
  const [trouble, setTrouble] = useState('')
  useEffect(() => {
    const leaving = new AbortController()
    const failed = (/** @type {unknown} */ error) => {
      if (!leaving.signal.aborted) setTrouble(wordsFor(error))
    }
    setTrouble('')
    api.get(`clients?feed=${encodeURIComponent(feedId)}`, leaving.signal).then(setView, failed)
    return () => leaving.abort()
  }, [api, feedId])
  if (!view) return html`<p class="trouble" role="alert">${trouble}</p>`
  return html`
    <section aria-labelledby="products">
      <h2 id="products">Products</h2>
      <p class="quiet">
        For <span class="value">${view.title}</span>, with the addresses of this gateway. Where a
        value says <code>YOUR-KEY</code>, its button copies your key in that place. Files never hold
        your key.
      </p>
      <p class="trouble" role="alert">${trouble}</p>
      ${view.clients.map(
        client =>
          html`<${Product} key=${`${view.feedId} ${client.id}`} client=${client} apiKey=${apiKey} onTried=${onTried} />`
      )}
    </section>
  `
}
