import { createHash } from 'node:crypto'
import manifest from '../../package.json' with { type: 'json' }

/** What an answer depends on: if any of it changes, the tag changes (decision 0008). */
export interface TagDeps {
  /** The caller's scope: a tag says nothing to another key (G5). */
  readonly scope: string
  /** The request target as it came, with its query. */
  readonly url: string
  /** Settings that decide how content becomes bytes, such as media type and mode. */
  readonly representation: string
  /** Digest of the content. */
  readonly content: string
}

/**
 * The entity tag of an answer. It is weak, because one tag covers the answer in every content coding (RFC 9110
 * §8.8.3). It contains the gateway's version: another release may render the same content differently.
 */
export function createTag({ scope, url, representation, content }: TagDeps): string {
  const text = JSON.stringify([manifest.version, scope, url, representation, content])
  return `W/"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
}

/** Suffixes that compressing proxies add to tags: `x-gzip`, `x--gzip`, `x;gzip`. */
const proxySuffix = /^(?:[-;:.+/]{1,2}(?:gzip|br|zstd|deflate))?$/i

/** True if the client has this answer (RFC 9110 §13.1.2): the list holds its tag, by weak comparison, or is `*`. */
export function isHeld(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = tag.slice('W/"'.length, -1)
  return Array.from(ifNoneMatch.matchAll(/(?:W\/)?"([^"]*)"/g), ([, given]) => given!).some(
    given => given.startsWith(opaque) && proxySuffix.test(given.slice(opaque.length))
  )
}
