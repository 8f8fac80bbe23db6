import { PackedIndex } from '../../src/feedlog/journal/packed-index.ts'
import type { Body, Segment } from '../../src/feedlog/journal/segment.ts'
import type { SegmentHead } from '../../src/feedlog/journal/segment-head.ts'

/** A head of history at the beginning of a feed, one millisecond long, unless the members say otherwise. */
export const headOf = (members: Partial<SegmentHead> = {}): SegmentHead => ({
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
  entries: PackedIndex.of(body.entries),
  no: 1,
  stamp: '00000001',
  of: body.entries.length,
  dates: Float64Array.from(body.entries, (_, i) => i),
  naturals: Float64Array.from(body.entries, (_, i) => i),
  ...members
})
