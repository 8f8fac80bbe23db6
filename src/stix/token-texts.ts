import { tokenText } from './json-reader.ts'

/** The most texts of one length that are kept. */
const maxOfOneLength = 16

/** Longer tokens, quotes included, are decoded each time. */
const maxLength = 64

/** Texts that come again and again, such as types: decoded once for all items of a body. */
export class TokenTexts {
  readonly #byLength = Array.from({ length: maxLength + 1 }, (): string[] => [])

  /** As {@link tokenText}. */
  textOf(bytes: Buffer, start: number, end: number): string {
    const known = this.#byLength[end - start] ?? []
    for (const text of known) if (isAt(bytes, start + 1, text)) return text
    const text = tokenText(bytes, start, end)
    if (text.length === end - start - 2 && known.length < maxOfOneLength) known.push(text)
    return text
  }
}

function isAt(bytes: Buffer, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}
