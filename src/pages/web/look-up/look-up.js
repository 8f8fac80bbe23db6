import { html, useRef, useState } from '../preact.js'
import { mountPage } from '../shell/shell.js'
import { Failure, LookUpForm, lookUp, Result } from './look-up-value.js'
import { Newest } from './newest-list.js'

/**
 * @typedef {import('./look-up-value.js').Answer} Answer
 * @typedef {import('./look-up-value.js').Question} Question
 */

mountPage('look-up', 'Look up', ({ api, status }) =>
  status.view === 'operator' ? html`<${NeedsKey} />` : html`<${LookUp} api=${api} />`
)

const NeedsKey = () => html`
  <p class="note">
    The operator token opens no feed. Sekoia is asked with one of its own keys: forget the token, and enter a key
    on the public address of the gateway.
  </p>
`

/** @param {{ api: import('../shell/api.js').Api }} props */
function LookUp({ api }) {
  const [asked, setAsked] = useState(
    /** @type {{ question: Question, answer?: Answer, error?: unknown } | undefined} */ (undefined)
  )
  /** The latest question: an answer to an earlier one comes too late. */
  const latest = useRef(0)
  /** @param {Question} question */
  const put = async question => {
    const number = ++latest.current
    setAsked({ question })
    const outcome = await lookUp(api.credential, question.value, question.kind).then(
      answer => ({ answer }),
      error => ({ error })
    )
    if (number === latest.current) setAsked({ question, ...outcome })
  }
  const isBusy = asked !== undefined && !asked.answer && !asked.error
  return html`
    <${LookUpForm} onAsk=${put} isBusy=${isBusy} />
    ${asked?.answer && html`<${Result} answer=${asked.answer} />`}
    ${asked?.error && html`<${Failure} question=${asked.question} error=${asked.error} />`}
    <${Newest} api=${api} onLookUp=${(/** @type {string} */ id) => {
      put({ value: id, kind: 'id' })
      scrollTo(0, 0)
    }} />
  `
}
