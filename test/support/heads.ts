import { PackedEntries } from '../../src/feedlog/entries.ts'
import type { Head } from '../../src/feedlog/head.ts'
import type { Body, Segment } from '../../src/feedlog/segment.ts'

/** A head of history at the beginning of a feed, one millisecond long, unless the members say otherwise. */
export const headOf = (members: Partial<Head> = {}): Head => ({
  no: 1,
  stamp: '00000001',
  chain: 0,
  kind: 'history',
  source: {},
  count: 1,
  firstDate: 1,
  lastDate: 1,
  minNatural: 1,
  maxNatural: 1,
  stored: [],
  supersedes: [],
  superseded: [],
  ...members
})

export const segmentOf = (body: Body, members: Partial<Segment> = {}): Segment => ({
  bytes: body.bytes,
  entries: PackedEntries.of(body.entries),
  no: 1,
  stamp: '00000001',
  of: body.entries.length,
  dates: Float64Array.from(body.entries, (_, i) => i),
  naturals: Float64Array.from(body.entries, (_, i) => i),
  ...members
})
