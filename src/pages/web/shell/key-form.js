import { html, useRef } from '../preact.js'
import { listener } from './listener.js'

const name = listener.takesKeys
  ? listener.takesOperator
    ? 'Sekoia API key, or operator token'
    : 'Sekoia API key'
  : 'Operator token'

/**
 * @param {object} props
 * @param {string} props.trouble why the last one was not taken; '' for none
 * @param {boolean} props.isBusy
 * @param {(credential: string) => void} props.onEnter
 */
export function KeyForm({ trouble, isBusy, onEnter }) {
  /** @type {{ current: HTMLInputElement | null }} */
  const input = useRef(null)
  /** @param {Event} event */
  const submit = event => {
    event.preventDefault()
    const value = input.current?.value.trim()
    if (value) onEnter(value)
  }
  return html`
    <form class="key-form" onSubmit=${submit} autocomplete="off">
      <label for="key">${name}</label>
      <div class="row">
        <input id="key" ref=${input} type="password" autocomplete="off" spellcheck="false" autofocus
          aria-describedby="key-note key-trouble" aria-invalid=${trouble !== ''} />
        <button class="primary" disabled=${isBusy}>${isBusy ? 'Checking…' : 'Open'}</button>
      </div>
      <p id="key-trouble" class="trouble" role="alert">${trouble}</p>
      <p id="key-note" class="quiet">
        It stays in this tab and is forgotten when the tab is closed. It is sent to this gateway alone, which asks
        Sekoia with it.
      </p>
      ${
        listener.demoKey &&
        html`<p class="note">
          This gateway runs on a simulated Sekoia. Its key is <code>${listener.demoKey}</code>.
        </p>`
      }
    </form>
  `
}
