import { html } from './preact.js'
import { mountPage } from './shell.js'

mountPage('look-up', 'Look up', () => html`<p>Look-up</p>`)
