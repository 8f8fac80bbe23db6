import { count, dateTime, duration } from '../parts/format.js'
import { html } from '../preact.js'

/** @typedef {import('../../../gateway/schemas.ts').HistoryView} HistoryView */
/** @typedef {HistoryView['day']} Series */
/** @typedef {'good' | 'warn' | 'bad' | 'none'} Colour */

/** Slots in a block: half an hour. */
const slotsInBlock = 3
const sumOf = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0)

/**
 * The last 24 hours at a glance: a row for clients, Sekoia and feeds, a block for each half hour.
 *
 * @param {{ history: HistoryView }} props
 */
export const Blocks = ({ history: { day, isComplete } }) => html`
  <section aria-labelledby="blocks">
    <h2 id="blocks">Last 24 hours</h2>
    ${!isComplete && html`<p class="note is-warn">The store is away: a part may be missing.</p>`}
    <${Row} name="Clients" day=${day} judge=${clients} />
    <${Row} name="Sekoia" day=${day} judge=${sekoia} />
    <${Row} name="Feeds" day=${day} judge=${feeds} />
    <p class="quiet blocks-scale"><span>24 h ago</span><span>now</span></p>
  </section>
`

/** @typedef {(day: Series, from: number, to: number) => { colour: Colour, text: string }} Judge */

/** @param {{ name: string, day: Series, judge: Judge }} props */
function Row({ name, day, judge }) {
  const starts = day.lagSeconds.map((_, i) => i).filter(i => i % slotsInBlock === 0)
  const blocks = starts.map(start => ({
    from: new Date(Date.parse(day.from) + start * day.slotSeconds * 1000).toISOString(),
    ...judge(day, start, start + slotsInBlock)
  }))
  const colours = /** @type {const} */ (['bad', 'warn', 'good'])
  const numbers = colours.map(colour => blocks.filter(block => block.colour === colour).length)
  const label = `${name}: of ${blocks.length} half hours ${numbers[0]} bad, ${numbers[1]} doubtful, ${numbers[2]} good`
  return html`
    <div class="blocks">
      <span class="blocks-name">${name}</span>
      <span class="blocks-row" role="img" aria-label=${label}>
        ${blocks.map(({ from, colour, text }) => html`<span key=${from} class=${`block is-${colour}`} title=${`${dateTime(from)}: ${text}`}></span>`)}
      </span>
    </div>
  `
}

/** @type {Judge} */
function clients({ requests }, from, to) {
  const failed = sumOf(requests.failed.slice(from, to))
  const all = sumOf(Object.values(requests).flatMap(values => values.slice(from, to)))
  const text = `${count(failed)} of ${count(all)} requests failed`
  return { colour: colourOf(failed, all), text }
}

/** @type {Judge} */
function sekoia({ upstream }, from, to) {
  const calls = sumOf(upstream.calls.slice(from, to))
  const failed = sumOf(upstream.failed.slice(from, to))
  const limited = sumOf(upstream.rateLimited.slice(from, to))
  const text = `${count(failed)} of ${count(calls)} calls failed, ${count(limited)} rate-limited`
  return { colour: colourOf(failed + limited, calls), text }
}

/**
 * @param {number} failed
 * @param {number} all
 * @returns {Colour}
 */
function colourOf(failed, all) {
  if (all === 0) return 'none'
  if (failed === 0) return 'good'
  return failed > all / 10 ? 'bad' : 'warn'
}

/** @type {Judge} */
function feeds({ lagSeconds, failingFeeds }, from, to) {
  const lags = lagSeconds.slice(from, to).filter(lag => lag !== null)
  if (lags.length === 0) return { colour: 'none', text: 'no feed was followed' }
  const failing = Math.max(...failingFeeds.slice(from, to))
  const text = `${count(failing)} feeds could not be read on, oldest end confirmed ${duration(Math.max(...lags))} before`
  return { colour: failing > 0 ? 'bad' : 'good', text }
}
