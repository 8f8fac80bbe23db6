/**
 * What of Sekoia's behaviour is inferred rather than known (SEKOIA-9). The defaults are the likely
 * behaviour; each switch turns one into its opposite, at any time.
 */
export interface Switches {
  /** SEKOIA-9.3: a json or csv limit above 2,000 is cut to 2,000, or refused. */
  largeLimit: 'cap' | 'refuse'
  /** SEKOIA-9.3: 0, negative, above 10,000, not a number: refused, or brought into range. */
  badLimit: 'refuse' | 'clamp'
  /** SEKOIA-9.5 and SEKOIA-9.6: base64 of the last `modified`, or of the (modified, id) pair. */
  cursorMode: 'A' | 'B'
  /** SEKOIA-9.5: a page starts at its cursor instead of after it. */
  inclusiveCursor: boolean
  /** SEKOIA-9.5: a cursor that is not base64 is refused, or ignored. */
  badCursor: 'refuse' | 'ignore'
  /** SEKOIA-9.7: null in place of the same cursor: on empty pages, or already on a last page with items. */
  nullAtTip: false | 'empty-page' | 'last-page'
  /** SEKOIA-9.10. */
  modifiedAfterWithCursor: 'cursor-wins' | 'refuse'
  /** SEKOIA-3.1: `modified_after` compares instants, or text as cursors do. */
  modifiedAfterOrder: 'instant' | 'text'
  /** SEKOIA-9.11: an unknown type in `match[…]` matches nothing, or is refused. */
  unknownType: 'empty' | 'refuse'
  /** SEKOIA-9.11: filters drop objects from a slice already cut, so pages may be short or empty. */
  filterAfterSlicing: boolean
  /** SEKOIA-9.15: a deleted object is unknown by id, or still answered. */
  deletedById: 'missing' | 'kept'
  /** SEKOIA-9.16. */
  latest: 'newest-first' | 'ignore'
  /** SEKOIA-3.1: `format` overrides the feed's own format, or is ignored. */
  formatParameter: 'used' | 'ignored'
  /** SEKOIA-9.16: the answer for a feed of another community. */
  foreignFeed: 404 | 403
  /** The order that a feed's description names: its own, the other, or none. */
  describedOrder: 'right' | 'opposite' | 'none'
  /** SEKOIA-9.18: pages hold `spec_version` and `lang` too, as those of recent years do. */
  pageSpecVersion: boolean
  /** SEKOIA-3.1: what `convert_network_traffic` is when a request has none; Sekoia's is said to be true. */
  convertsNetworkTraffic: boolean
  /** SEKOIA-9.24: an unknown `type` of a look-up is refused, or matches nothing. */
  unknownLookUpType: 'refuse' | 'empty'
  /** SEKOIA-9.21: unknown ids among several are left out, or make the whole answer 404. */
  unknownIds: 'left-out' | 'not-found'
  /** Milliseconds after which a cursor given out is refused; 0 means never (SEKOIA-3.3 knows of no expiry). */
  cursorLifetimeMs: number
  /** SEKOIA-9: the `Date` of answers is that of the machine, that of the simulator's clock, or missing. */
  date: 'machine' | 'clock' | 'none'
  /** Compress answers for clients that accept gzip (SEKOIA-7: unknown of Sekoia). */
  gzip: boolean
}

export const defaultSwitches: Readonly<Switches> = {
  largeLimit: 'cap',
  badLimit: 'refuse',
  cursorMode: 'A',
  inclusiveCursor: false,
  badCursor: 'refuse',
  nullAtTip: false,
  modifiedAfterWithCursor: 'cursor-wins',
  modifiedAfterOrder: 'instant',
  unknownType: 'empty',
  filterAfterSlicing: false,
  deletedById: 'missing',
  latest: 'newest-first',
  formatParameter: 'used',
  foreignFeed: 404,
  describedOrder: 'right',
  pageSpecVersion: false,
  convertsNetworkTraffic: false,
  unknownLookUpType: 'refuse',
  unknownIds: 'left-out',
  cursorLifetimeMs: 0,
  date: 'machine',
  gzip: true
}
