import { compact, duration, milliseconds } from '../parts/format.js'
import { html, useState } from '../preact.js'
import { Plot } from './plot.js'

/** @typedef {import('../../../gateway/schemas.ts').HistoryView} HistoryView */

const minutes = [1, 2, 5, 10, 30, 60, 120, 360, 720, 1440]
const durations = minutes.map(value => 60 * value)

/** @param {{ history: HistoryView }} props */
export function Plots({ history }) {
  const [span, setSpan] = useState(/** @type {'day' | 'month'} */ ('day'))
  const { from, slotSeconds, requests, objects, lagSeconds, upstream } = history[span]
  const time = { from, slotSeconds }
  const perHour = (/** @type {number[]} */ values) =>
    values.map((value, no) => (value * 3600) / secondsOf(no, history[span], history.now))
  const choice = (/** @type {'day' | 'month'} */ name, /** @type {string} */ text) =>
    html`<button aria-pressed=${span === name} onClick=${() => setSpan(name)}>${text}</button>`
  return html`
    <section aria-labelledby="plots">
      <h2 id="plots">History</h2>
      <p class="quiet">Of all gateways on the store together.</p>
      <div class="row" role="group" aria-label="Time">
        ${choice('day', '24 hours')} ${choice('month', '30 days')}
      </div>
      <div class="plots">
        <${Plot} ...${time} title="Requests an hour" isStacked=${true} format=${compact} lines=${[
          { name: 'served', colour: 'good', values: perHour(requests.served) },
          { name: 'rejected', colour: 'warn', values: perHour(requests.rejected) },
          { name: 'refused', colour: 'accent', values: perHour(requests.refused) },
          { name: 'left', colour: 'quiet', values: perHour(requests.left) },
          { name: 'failed', colour: 'bad', values: perHour(requests.failed) }
        ]} />
        <${Plot} ...${time} title="Objects an hour" format=${compact} lines=${[
          { name: 'given to clients', colour: 'accent', values: perHour(objects.given) },
          { name: 'read from Sekoia', colour: 'good', values: perHour(objects.read) }
        ]} />
        <${Plot} ...${time} title="Lag: age of the oldest end" format=${duration} tops=${durations} lines=${[
          { name: 'lag', colour: 'warn', values: lagSeconds }
        ]} />
        <${Plot} ...${time} title="Sekoia’s answers" format=${milliseconds} lines=${[
          { name: 'half within', colour: 'accent', values: upstream.medianMs },
          { name: '95 % within', colour: 'warn', values: upstream.p95Ms }
        ]} />
        <${Plot} ...${time} title="Calls to Sekoia an hour" isStacked=${true} format=${compact} lines=${[
          { name: 'answered', colour: 'good', values: perHour(answered(upstream)) },
          { name: 'rate-limited', colour: 'warn', values: perHour(upstream.rateLimited) },
          { name: 'failed', colour: 'bad', values: perHour(upstream.failed) }
        ]} />
      </div>
    </section>
  `
}

/** Rates of a shorter time say nothing. */
const leastSeconds = 60

/**
 * How much of a slot has passed: the last one is the running one.
 *
 * @param {number} no
 * @param {HistoryView['day']} series
 * @param {string} now
 */
function secondsOf(no, { from, slotSeconds }, now) {
  const passed = (Date.parse(now) - Date.parse(from)) / 1000 - no * slotSeconds
  return Math.max(leastSeconds, Math.min(slotSeconds, passed))
}

/** @param {HistoryView['day']['upstream']} upstream */
const answered = ({ calls, failed, rateLimited }) =>
  calls.map((all, i) => all - (failed[i] ?? 0) - (rateLimited[i] ?? 0))
