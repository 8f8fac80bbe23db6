/** Text as MISP stores it (MISP-1.9). */

/** What PHP's `trim` takes off. */
const blanks = ' \t\n\r\0\v'

/** Without blanks at its ends, as MISP trims every value. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && blanks.includes(text[start]!)) start++
  while (end > start && blanks.includes(text[end - 1]!)) end--
  return text.slice(start, end)
}

/**
 * What has four bytes in UTF-8 becomes `?`: most of MISP's columns hold three. So do lone surrogates, which in
 * JSON would make MISP refuse the whole file.
 */
export const withoutWide = (text: string): string =>
  text.replace(/[\u{10000}-\u{10ffff}\p{Cs}]/gu, '?')

/** True for a text that {@link withoutWide} changes. */
export const isWide = (text: string): boolean => /[\u{10000}-\u{10ffff}\p{Cs}]/u.test(text)

/** Control characters become `?`, but for those that lay out lines: NUL ends text in places, ESC steers terminals. */
export const withoutControls = (text: string): string => text.replace(/(?![\t\n\r])\p{Cc}/gu, '?')

/** Lower case of ASCII letters alone, as PHP's `strtolower` has it. */
export const lowerAscii = (text: string): string =>
  text.replace(/[A-Z]+/g, letters => letters.toLowerCase())

/** On one line, without control characters and without blanks at its ends, for names, tags and comments. */
export const toLine = (text: string): string =>
  withoutWide(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()

const refangs: readonly (readonly [from: RegExp, to: string])[] = [
  [/\[\.\]|\[dot\]|\(dot\)/g, '.'],
  [/\[@\]|\[at\]/g, '@']
]
const urlRefangs: readonly (readonly [from: RegExp, to: string])[] = [
  [/^(?:hxxp|hxtp|htxp|meow|h\[tt\]p)/i, 'http'],
  [/\[\.\]|\[dot\]|\(dot\)/g, '.'],
  [/\[hxxp:\/\/\]/g, 'http://'],
  [/\[:\]/g, ':']
]

/** A host, address or mailbox as it is meant: `example[.]com` is `example.com`; see {@link refangUrl}. */
export const refang = (text: string): string | undefined => refangBy(text, refangs)

/** A URL with wide characters as it goes over the wire, in UTF-8 and percent signs; see {@link withoutWide}. */
export const escapeWide = (text: string): string =>
  text.replace(/[\u{10000}-\u{10ffff}]+/gu, encodeURIComponent)

/** A URL likewise. Undefined when MISP would change it once more, as in `[[.]]`: it could not be said what it keeps. */
export const refangUrl = (text: string): string | undefined => refangBy(text, urlRefangs)

function refangBy(text: string, rules: typeof refangs): string | undefined {
  const once = replaceAll(text, rules)
  return replaceAll(once, rules) === once ? once : undefined
}

const replaceAll = (text: string, rules: typeof refangs): string =>
  rules.reduce((part, [from, to]) => part.replace(from, to), text)
