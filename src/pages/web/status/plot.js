import { dateTime } from '../parts/format.js'
import { html, useState } from '../preact.js'

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {string} colour of the class `ink-…`
 * @property {readonly (number | null)[]} values
 *
 * @typedef {object} PlotProps
 * @property {string} title
 * @property {string} from instant of the first value
 * @property {number} slotSeconds
 * @property {Line[]} lines
 * @property {boolean} [isStacked]
 * @property {(value: number) => string} format
 * @property {readonly number[]} [tops] where the scale may end; left out: 1, 2 or 5 times a power of ten
 */

const width = 600
const height = 140
const dash = 3

/**
 * Lines over time, as SVG. With the pointer, or with the arrow keys, the figures of a slot are read.
 *
 * @param {PlotProps} props
 */
export function Plot({ title, from, slotSeconds, lines, isStacked = false, format, tops }) {
  const [at, setAt] = useState(/** @type {number | undefined} */ (undefined))
  const last = (lines[0]?.values.length ?? 1) - 1
  const drawn = isStacked ? stacked(lines) : lines
  const highest = Math.max(0, ...drawn.flatMap(({ values }) => values.map(value => value ?? 0)))
  const top = tops?.find(end => end >= highest) ?? niceAbove(highest)
  const slot = Math.min(at ?? last, last)
  const instant = (/** @type {number} */ no) =>
    new Date(Date.parse(from) + no * slotSeconds * 1000).toISOString()
  const figures = lines
    .map(({ name, values }) => `${name} ${wordsOf(values[slot] ?? null, format)}`)
    .join(', ')
  const reading = `${dateTime(instant(slot))}: ${figures}`
  const x = (/** @type {number} */ no) => (last === 0 ? 0 : (no / last) * width)
  const y = (/** @type {number} */ value) => height - (value / top) * height
  return html`
    <figure class="plot">
      <figcaption>
        <strong>${title}</strong>
        <span class="plot-legend">
          ${lines.map(({ name, colour }) => html`<span key=${name}><span class=${`swatch fill-${colour}`}></span>${name}</span>`)}
        </span>
      </figcaption>
      <div class="plot-area" tabindex="0" role="slider" aria-label=${`${title}, by time`}
        aria-valuemin="0" aria-valuemax=${last} aria-valuenow=${slot} aria-valuetext=${reading}
        onPointerMove=${(/** @type {PointerEvent} */ event) => setAt(slotUnder(event, last))}
        onPointerLeave=${() => setAt(undefined)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => move(event, slot, last, setAt)}>
        <span class="plot-top quiet">${format(top)}</span>
        <svg viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          ${[0.5, 1].map(part => html`<line class="grid" x1="0" x2=${width} y1=${height * (1 - part)} y2=${height * (1 - part)} />`)}
          ${drawn.toReversed().map(
            line => html`<path key=${line.name} class=${`${isStacked ? 'area' : 'line'} ink-${line.colour}`}
              d=${pathOf(line.values, { x, y, isArea: isStacked })} />`
          )}
          ${at !== undefined && html`<line class="cursor" x1=${x(slot)} x2=${x(slot)} y1="0" y2=${height} />`}
        </svg>
      </div>
      <p class="plot-scale quiet"><span>${dateTime(from)}</span><span>${dateTime(instant(last))}</span></p>
      <p class="plot-reading quiet">${reading}</p>
    </figure>
  `
}

/**
 * @param {number | null} value
 * @param {(value: number) => string} format
 */
const wordsOf = (value, format) => (value === null ? 'not measured' : format(value))

/**
 * Each line on top of those before.
 *
 * @param {Line[]} lines
 * @returns {Line[]}
 */
function stacked(lines) {
  const below = (lines[0]?.values ?? []).map(() => 0)
  return lines.map(line => ({
    ...line,
    values: line.values.map((value, i) => {
      below[i] = (below[i] ?? 0) + (value ?? 0)
      return below[i]
    })
  }))
}

/**
 * 1, 2 or 5 times a power of ten.
 *
 * @param {number} value
 */
function niceAbove(value) {
  if (value <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * /** @type {number} */ ([1, 2, 5, 10].find(step => step * power >= value))
}

/**
 * A gap where nothing was measured; a value between two gaps is a dash of its own.
 *
 * @param {readonly (number | null)[]} values
 * @param {{ x: (no: number) => number, y: (value: number) => number, isArea: boolean }} scale
 */
function pathOf(values, { x, y, isArea }) {
  const points = values.map((value, no) => {
    if (value === null) return ''
    const isFirst = no === 0 || values[no - 1] === null
    const isAlone = isFirst && (values[no + 1] ?? null) === null
    const across = isAlone ? Math.min(x(no), width - dash) : x(no)
    const point = `${across.toFixed(1)} ${y(value).toFixed(1)}`
    return `${isFirst ? 'M' : 'L'}${point}${isAlone ? `h${dash}` : ''}`
  })
  const path = points.join('')
  return isArea && path !== '' ? `${path}L${width} ${height}L0 ${height}Z` : path
}

/**
 * @param {PointerEvent} event
 * @param {number} last
 */
function slotUnder(event, last) {
  const { left, width: wide } = /** @type {HTMLElement} */ (
    event.currentTarget
  ).getBoundingClientRect()
  return Math.max(0, Math.min(last, Math.round(((event.clientX - left) / wide) * last)))
}

const steps = /** @type {Record<string, number>} */ ({
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -12,
  PageUp: 12,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY
})

/**
 * @param {KeyboardEvent} event
 * @param {number} slot
 * @param {number} last
 * @param {(slot: number) => void} setAt
 */
function move(event, slot, last, setAt) {
  const step = steps[event.key]
  if (step === undefined) return
  event.preventDefault()
  setAt(Math.max(0, Math.min(last, slot + step)))
}
