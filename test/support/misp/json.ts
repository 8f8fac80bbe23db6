/** Parsed JSON of a feed, of which nothing is certain, read the way that PHP reads it. */
export type Json = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a list; nothing where there is no list. */
export const records = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter(isRecord) : []

/** PHP's `isset`. */
export const isSet = (value: unknown): boolean => value !== undefined && value !== null

/** The opposite of PHP's `empty`. */
export const isFilled = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0
  return ![undefined, null, false, '', '0', 0].includes(value as never)
}

/** A string or a number as text; anything else is empty. */
export const toText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** Epoch seconds; undefined when absent or not a whole number. */
export function toSeconds(value: unknown): number | undefined {
  const text = toText(value)
  return /^\d+$/.test(text) ? Number(text) : undefined
}
