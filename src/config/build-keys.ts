/** A feed and a key that it is built with (`misp.buildKeys`). */
export interface BuildKey {
  readonly feed: string
  readonly key: string
}

/** Entries `feed-id=key`, with commas or white space between them. */
export const buildKeysPattern =
  '^(?:[\\s,]*[A-Za-z0-9-]{1,100}=[^\\s,]{1,4096}(?=[\\s,]|$))*[\\s,]*$'

/** @param text of {@link buildKeysPattern} */
export const parseBuildKeys = (text: string): BuildKey[] =>
  text
    .split(/[\s,]+/)
    .filter(entry => entry !== '')
    .map(entry => {
      const at = entry.indexOf('=')
      return { feed: entry.slice(0, at), key: entry.slice(at + 1) }
    })
