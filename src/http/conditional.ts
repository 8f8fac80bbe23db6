import { createHash } from 'node:crypto'
import manifest from '../../package.json' with { type: 'json' }

/** What an answer depends on: whatever of it changes, the tag changes (decision 0008). */
export interface TagDeps {
  /** Whose answer it is; a tag never says anything to another key (G5). */
  readonly scope: string
  /** The request target as it came, with its query. */
  readonly url: string
  /** How content becomes bytes: media type, mode and whatever else decides it. */
  readonly representation: string
  /** Stands for the content: other content, other text. */
  readonly content: string
}

/**
 * The entity tag of an answer, weak because one tag stands for the answer in every content coding (RFC 9110
 * §8.8.3). The version of this program is in it: a release may render the same content otherwise.
 */
export function createTag({ scope, url, representation, content }: TagDeps): string {
  const text = JSON.stringify([manifest.version, scope, url, representation, content])
  return `W/"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
}

/** What proxies that compress put behind the tags they pass on: `x-gzip`, `x--gzip`, `x;gzip`. */
const proxySuffix = /^(?:[-;:.+/]{1,2}(?:gzip|br|zstd|deflate))?$/i

/**
 * True when the client has this answer already (RFC 9110 §13.1.2): the list holds its tag, by the weak
 * comparison, or is `*`.
 */
export function isHeld(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = tag.slice('W/"'.length, -1)
  return Array.from(ifNoneMatch.matchAll(/(?:W\/)?"([^"]*)"/g), ([, given]) => given!).some(
    given => given.startsWith(opaque) && proxySuffix.test(given.slice(opaque.length))
  )
}
