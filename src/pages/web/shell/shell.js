import { html, render, useEffect, useState } from '../preact.js'
import { ApiError, createApi } from './api.js'
import { forgetCredential, storeCredential, storedCredential } from './credential.js'
import { KeyForm } from './key-form.js'
import { wordsFor } from './words.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').StatusView} StatusView
 * @typedef {import('./api.js').Api} Api
 * @typedef {{ api: Api, status: StatusView }} Session an accepted credential, and the answer that accepted it
 * @typedef {(session: Session) => unknown} Content
 */

const links = [
  { name: 'set-up', href: './', text: 'Set-up' },
  { name: 'status', href: 'status', text: 'Status' },
  { name: 'look-up', href: 'look-up', text: 'Look-up' },
  { name: 'docs', href: 'docs', text: 'API' }
]

/**
 * Draws a page: the navigation, the question for a key, and once the gateway accepted one the content.
 *
 * @param {string} name of the page, as in the navigation
 * @param {string} heading
 * @param {Content} Content gets the session as its properties
 */
export function mountPage(name, heading, Content) {
  render(html`<${Page} name=${name} heading=${heading} Content=${Content} />`, document.body)
}

/** @param {{ name: string, heading: string, Content: Content }} props */
function Page({ name, heading, Content }) {
  const [session, setSession] = useState(/** @type {Session | undefined} */ (undefined))
  const [trouble, setTrouble] = useState('')
  const [isBusy, setBusy] = useState(storedCredential() !== undefined)

  /** @param {string} credential */
  const enter = async credential => {
    setBusy(true)
    setTrouble('')
    try {
      const api = createApi(credential)
      setSession({ api, status: await api.get('status') })
      storeCredential(credential)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) forgetCredential()
      setTrouble(wordsFor(error))
    }
    setBusy(false)
  }
  const leave = () => {
    forgetCredential()
    setSession(undefined)
  }
  useEffect(() => {
    const credential = storedCredential()
    if (credential !== undefined) enter(credential)
  }, [])

  return html`
    <header class="bar">
      <span class="brand"><img src="pages/icon.svg" alt="" width="20" height="20" /> sekoia-feed-gateway</span>
      <nav aria-label="Pages">
        ${links.map(
          ({ name: link, href, text }) =>
            html`<a href=${href} aria-current=${link === name ? 'page' : undefined}>${text}</a>`
        )}
      </nav>
      ${session && html`<${Who} status=${session.status} onLeave=${leave} />`}
    </header>
    <main>
      <h1>${heading}</h1>
      ${
        session
          ? html`<${Content} ...${session} />`
          : html`<${KeyForm} trouble=${trouble} isBusy=${isBusy} onEnter=${enter} />`
      }
    </main>
  `
}

/** @param {{ status: StatusView, onLeave: () => void }} props */
const Who = ({ status, onLeave }) => html`
  <span class="who">
    <span class="quiet">${status.view === 'operator' ? 'operator' : 'key accepted'}</span>
    <button onClick=${onLeave}>Forget it</button>
  </span>
`
