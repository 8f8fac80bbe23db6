import { checkFeed, type ServedFeed } from './checker.ts'
import {
  attribute,
  entryOf,
  event,
  HandMadeFeed,
  hashLine,
  inside,
  object,
  reference,
  report,
  tombstone,
  uuid5
} from './hand-made.ts'
import type { Json } from './json.ts'

/** A feed of two events in which the checker finds nothing, for the tests of the checker itself. */

/** What can be changed in the good feed, part by part; a field that is undefined is not served. */
export interface Changes {
  readonly entry?: Json
  readonly event?: Json
  readonly domain?: Json
  readonly url?: Json
  readonly old?: Json
  readonly object?: Json
  readonly inside?: Json
  readonly reference?: Json
  readonly report?: Json
  readonly second?: Json
  readonly more?: readonly Json[]
  readonly hashes?: string | undefined
}

const lines = [
  ['evil-10.example.org', 1],
  ['http://Evil.example.org/Path', 1],
  ['http://evil.example.org/path', 1],
  ['192.0.2.1', 1],
  [String(inside(21)['value']), 1],
  ['evil-14.example.org', 2]
] as const
export const goodHashes = `${lines
  .map(([text, of]) => hashLine(text, of))
  .sort()
  .join('\n')}\n`

export const url = { type: 'url', value: 'http://Evil.example.org/Path' }
const socket = { type: 'ip-dst|port', value: '192.0.2.1|443' }

/** The good feed with the changes in it. */
export function feedWith(changes: Changes): ServedFeed {
  const references = [reference(30, uuid5(20), uuid5(10), changes.reference)]
  const file = object(20, [inside(21, changes.inside)], { ObjectReference: references })
  const first = event(1, {
    Attribute: [
      attribute(10, changes.domain),
      attribute(11, { ...url, ...changes.url }),
      attribute(12, socket),
      tombstone(13, changes.old),
      ...(changes.more ?? [])
    ],
    Object: [{ ...file, ...changes.object }],
    EventReport: [report(40, changes.report)],
    ...changes.event
  })
  const second = event(2, { Attribute: [attribute(14)], ...changes.second })
  const feed = new HandMadeFeed(first, second)
  feed.hashes = 'hashes' in changes ? changes.hashes : goodHashes
  if (changes.entry) {
    const entry = { ...entryOf(first), ...changes.entry }
    feed.manifest = { [uuid5(1)]: entry, [uuid5(2)]: entryOf(second) }
  }
  return feed.served()
}

/** The problems of the good feed with the changes in it. */
export const checkWith = (changes: Changes): Promise<string[]> => checkFeed(feedWith(changes))
