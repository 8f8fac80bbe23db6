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

type Rule = readonly [from: RegExp, to: string]

/** MISP knows some of these spellings; analysts have more. */
const dot: Rule = [/\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\}|\[\.|\.\]|\\\./gi, '.']
const colon: Rule = [/\[:\]/g, ':']
const refangs: readonly Rule[] = [dot, [/\[(?:@|at)\]|\((?:@|at)\)|\{(?:@|at)\}/gi, '@'], colon]
const schemeRefangs: readonly Rule[] = [
  [/^\[hxxp(s?):\/\/\]/i, 'http$1://'],
  [/^(?:hxxxp|hxxp|hxtp|htxp|h\*\*p|h__p|meow|h\[tt\]p)/i, 'http'],
  [/^fxp(?=s?[[:(])/i, 'ftp'],
  [/^([a-z]+)(?:\[:\]|\(:\))\/\//i, '$1://'],
  [/^([a-z]+)(?::\[\/\/\]|\[:\/\/\])/i, '$1://']
]
const hostRefangs: readonly Rule[] = [dot, colon]
/** What MISP itself does to all of a URL. */
const urlRefangs: readonly Rule[] = [
  [/\[\.\]|\[dot\]|\(dot\)/g, '.'],
  [/\[hxxp:\/\/\]/g, 'http://'],
  colon
]

/** A host, address or mailbox as it is meant: `example[.]com` is `example.com`; see {@link refangUrl}. */
export const refang = (text: string): string | undefined =>
  fixedPoint(text, part => replaceAll(part, refangs))

/** A URL with wide characters as it goes over the wire, in UTF-8 and percent signs; see {@link withoutWide}. */
export const escapeWide = (text: string): string =>
  text.replace(/[\u{10000}-\u{10ffff}]+/gu, encodeURIComponent)

/** A URL likewise. Undefined when MISP would change it once more, as in `[[.]]`: it could not be said what it keeps. */
export const refangUrl = (text: string): string | undefined => fixedPoint(text, refangUrlOnce)

function refangUrlOnce(text: string): string {
  const url = replaceAll(text, schemeRefangs)
  const start = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0].length ?? 0
  const path = url.slice(start).search(/[/?#]/)
  const end = path < 0 ? url.length : start + path
  const host = replaceAll(url.slice(start, end), hostRefangs)
  return url.slice(0, start) + host + replaceAll(url.slice(end), urlRefangs)
}

/** Undefined where a second time would change it once more. */
function fixedPoint(text: string, change: (text: string) => string): string | undefined {
  const once = change(text)
  return change(once) === once ? once : undefined
}

const replaceAll = (text: string, rules: readonly Rule[]): string =>
  rules.reduce((part, [from, to]) => part.replace(from, to), text)
