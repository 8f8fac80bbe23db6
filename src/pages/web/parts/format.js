/** Figures and times as people read them. Everything is in the browser's own language and time zone. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {number} value */
export const count = value => whole.format(value)

/** @param {number} value */
export const compact = value =>
  Math.abs(value) < 10_000 ? whole.format(value) : short.format(value)

const units = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1]
])

/**
 * The two largest units: `3 d 4 h`, `12 s`.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  const all = Math.max(0, Math.round(seconds))
  const first = units.findIndex(([, size]) => all >= size)
  if (first < 0) return '0 s'
  let left = all
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const times = Math.floor(left / size)
    left -= times * size
    return times === 0 ? '' : `${times} ${unit}`
  })
  return parts.filter(part => part !== '').join(' ')
}

/** @param {number} ms */
export const milliseconds = ms =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`

/** @param {number} bytes */
export function size(bytes) {
  const names = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(names.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[power]}`
}

/** @param {string} instant RFC 3339 */
export const dateTime = instant => clock.format(new Date(instant))

/**
 * How long ago, by the gateway's clock and not that of the browser.
 *
 * @param {string} instant
 * @param {string} now
 */
export const ago = (instant, now) =>
  `${duration((Date.parse(now) - Date.parse(instant)) / 1000)} ago`
