import type { Handler, Path } from '../../http/dialect.ts'

/** Most bytes of a request body. */
export const maxBodyBytes = 1024 * 1024

export const reading = (url: string, handle: Handler): Path => ({
  url,
  operations: { GET: { handle } }
})

/** A POST that only asks. */
export const searching = (url: string, handle: Handler): Path => ({
  url,
  operations: { POST: { maxBodyBytes, handle } }
})
