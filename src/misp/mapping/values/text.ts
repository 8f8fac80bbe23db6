/** Text as MISP stores it (MISP-1.9). */

/** Characters that PHP's `trim` removes. */
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
 * Replaces characters of four bytes in UTF-8 by `?`, as MISP does: most of its columns hold three. Lone surrogates are
 * replaced too, since with one of them in the JSON MISP refuses the whole file.
 */
export const withoutWide = (text: string): string =>
  text.replace(/[\u{10000}-\u{10ffff}\p{Cs}]/gu, '?')

/** True for a text that {@link withoutWide} changes. */
export const isWide = (text: string): boolean => /[\u{10000}-\u{10ffff}\p{Cs}]/u.test(text)

/** Replaces control characters by `?`, except tabs and line ends: NUL cuts texts, ESC controls terminals. */
export const withoutControls = (text: string): string => text.replace(/(?![\t\n\r])\p{Cc}/gu, '?')

/** Lower case of ASCII letters alone, as PHP's `strtolower` has it. */
export const lowerAscii = (text: string): string =>
  text.replace(/[A-Z]+/g, letters => letters.toLowerCase())

/** On one line, without control characters and without blanks at its ends, for names, tags and comments. */
export const toLine = (text: string): string =>
  line.test(text)
    ? text
    : withoutWide(text)
        .replace(/[\s\p{Cc}]+/gu, ' ')
        .trim()

/** What nearly every name is already. */
const line = /^[!-~]+(?: [!-~]+)*$/

type Replacement = readonly [from: RegExp, to: string]

/** MISP knows some of these spellings; analysts have more. */
const dot: Replacement = [/\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\}|\[\.|\.\]|\\\./gi, '.']
const colon: Replacement = [/\[:\]/g, ':']
const refangs: readonly Replacement[] = [
  dot,
  [/\[(?:@|at)\]|\((?:@|at)\)|\{(?:@|at)\}/gi, '@'],
  colon
]
const schemeRefangs: readonly Replacement[] = [
  [/^\[hxxp(s?):\/\/\]/i, 'http$1://'],
  [/^(?:hxxxp|hxxp|hxtp|htxp|h\*\*p|h__p|meow|h\[tt\]p)/i, 'http'],
  [/^fxp(?=s?[[:(])/i, 'ftp'],
  [/^([a-z]+)(?:\[:\]|\(:\))\/\//i, '$1://'],
  [/^([a-z]+)(?::\[\/\/\]|\[:\/\/\])/i, '$1://']
]
const hostRefangs: readonly Replacement[] = [dot, colon]
/** What MISP itself does to all of a URL. */
const urlRefangs: readonly Replacement[] = [
  [/\[\.\]|\[dot\]|\(dot\)/g, '.'],
  [/\[hxxp:\/\/\]/g, 'http://'],
  colon
]

/** Writes out a defanged host, address or mailbox: `example[.]com` becomes `example.com`. Undefined when unclear. */
export const refang = (text: string): string | undefined =>
  marks.test(text) ? fixedPoint(text, part => replaceAll(part, refangs)) : text

/** Each replacement within a host or a path needs one of these. */
const marks = /[[\](){}\\]/
/** A scheme that no replacement changes. */
const plainScheme = /^(?:https?|ftp):\/\//i

/** Escapes wide characters of a URL in UTF-8 with percent signs, as clients send it; see {@link withoutWide}. */
export const escapeWide = (text: string): string =>
  text.replace(/[\u{10000}-\u{10ffff}]+/gu, encodeURIComponent)

/** Writes out a defanged URL. Undefined when MISP would change the result once more, as with `[[.]]`. */
export const refangUrl = (text: string): string | undefined =>
  plainScheme.test(text) && !marks.test(text) ? text : fixedPoint(text, refangUrlOnce)

function refangUrlOnce(text: string): string {
  const url = replaceAll(text, schemeRefangs)
  const start = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0].length ?? 0
  const path = url.slice(start).search(/[/?#]/)
  const end = path < 0 ? url.length : start + path
  const host = replaceAll(url.slice(start, end), hostRefangs)
  return url.slice(0, start) + host + replaceAll(url.slice(end), urlRefangs)
}

/** The changed text; undefined when a second run would change it again. */
function fixedPoint(text: string, change: (text: string) => string): string | undefined {
  const once = change(text)
  return change(once) === once ? once : undefined
}

const replaceAll = (text: string, rules: readonly Replacement[]): string =>
  rules.reduce((part, [from, to]) => part.replace(from, to), text)
