import { createHash } from 'node:crypto'

/** Every form in which a secret could have been left behind: as it is, escaped, and in the common encodings. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64Forms(bytes),
    createHash('sha256').update(bytes).digest('hex'),
    createHash('sha256').update(bytes).digest('base64')
  ]
}

/** The part of the Base64 text that does not depend on what stands before and after, for each of three alignments. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap(shift => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
    const whole = padded.length - (padded.length % 3)
    const skipped = shift === 0 ? 0 : 4
    return (['base64', 'base64url'] as const).map(encoding =>
      padded.subarray(0, whole).toString(encoding).slice(skipped)
    )
  })
}

/** The forms of the secret that the bytes hold, as text or as UTF-16. */
export const tracesOf = (secret: string, bytes: Buffer | string): string[] =>
  formsOf(secret).filter(
    form => bytes.includes(form) || Buffer.from(bytes).includes(Buffer.from(form, 'utf16le'))
  )
