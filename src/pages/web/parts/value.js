import { html } from '../preact.js'

/** Characters that are not seen, or change how others are seen: control, direction, zero width, half a pair. */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u3164\uFFA0\u115F\u1160]/gu

/** @param {string} character */
const toCode = character =>
  `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`

/**
 * Text as it is, at most so many characters of it, with what would not be seen written out.
 *
 * @param {string} text
 * @param {number} [most]
 */
export function visible(text, most = 500) {
  const clipped = text.length > most
  const shown = (clipped ? text.slice(0, most) : text).replace(unseen, toCode)
  return clipped ? `${shown}… (${text.length} characters)` : shown
}

/**
 * Text that others wrote: never markup, and of its own direction.
 *
 * @param {{ text: unknown, most?: number }} props
 */
export const Value = ({ text, most }) =>
  html`<bdi class="value">${visible(typeof text === 'string' ? text : (JSON.stringify(text) ?? ''), most)}</bdi>`
