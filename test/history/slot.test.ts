import fc from 'fast-check'
import t from 'tap'
import {
  counters,
  decodeSlot,
  emptySlot,
  encodeSlot,
  latencyBounds,
  latencyMs,
  mergeSlots,
  type Slot
} from '../../src/history/slot.ts'

/** A slot of the history. */

const count = fc.nat(1_000_000)
const slot: fc.Arbitrary<Slot> = fc.record(
  {
    no: fc.constant(7),
    counts: fc
      .tuple(...counters.map(() => count))
      .map(
        values => Object.fromEntries(counters.map((name, i) => [name, values[i]])) as Slot['counts']
      ),
    lag: fc.option(count),
    failing: count,
    latency: fc.array(count, {
      minLength: latencyBounds.length + 1,
      maxLength: latencyBounds.length + 1
    })
  },
  { noNullPrototype: true }
)

t.test('merging: the order and the grouping do not matter, nothing adds nothing', t => {
  fc.assert(
    fc.property(slot, slot, slot, (a, b, c) => {
      t.strictSame(mergeSlots(a, b), mergeSlots(b, a))
      t.strictSame(mergeSlots(mergeSlots(a, b), c), mergeSlots(a, mergeSlots(b, c)))
      t.strictSame(mergeSlots(a, emptySlot(0)), a)
    }),
    { seed: 20_260_115, numRuns: 20 }
  )
  t.end()
})

t.test('what was encoded is decoded; another format is none', t => {
  fc.assert(
    fc.property(slot, a => t.strictSame(decodeSlot(encodeSlot(a)), a)),
    { seed: 20_260_115, numRuns: 20 }
  )
  t.equal(decodeSlot(Buffer.from('[2,1,2,3]')), undefined)
  t.end()
})

t.test('the median and the 95th percentile of calls, from their buckets', t => {
  const latency = new Array<number>(latencyBounds.length + 1).fill(0)
  t.equal(latencyMs(latency, 0.5), null)
  latency[1] = 90
  latency[5] = 10
  t.equal(latencyMs(latency, 0.5), 78)
  t.equal(latencyMs(latency, 0.95), 1750)
  t.equal(latencyMs([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4], 0.5), 60_000, 'above all bounds')
  t.end()
})
