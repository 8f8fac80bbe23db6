import { html } from './preact.js'
import { mountPage } from './shell.js'

mountPage('set-up', 'Connect a client', () => html`<p>Set-up</p>`)
