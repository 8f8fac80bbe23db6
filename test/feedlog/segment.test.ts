import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { PackedIndex } from '../../src/feedlog/journal/packed-index.ts'
import {
  arrange,
  type Body,
  concat,
  decodeBody,
  encodeBody,
  pick
} from '../../src/feedlog/journal/segment.ts'
import { SegmentCache } from '../../src/feedlog/journal/segment-cache.ts'
import { anyItem, bodyOf, indicatorId, objectsOf } from '../support/bodies.ts'
import { headOf, segmentOf } from '../support/heads.ts'

const seeded = { seed: 20_260_115, numRuns: 300 }

/** Any bytes at all: the objects are not looked into. */
const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))
const body = fc.array(fc.tuple(anyItem, bytes), { maxLength: 30 }).map(parts =>
  bodyOf(
    parts.map(([one]) => one),
    (_, i) => parts[i]![1]
  )
)
const packed = ({ bytes, entries }: Body) => ({ bytes, entries: PackedIndex.of(entries) })

t.test(
  'a body comes out of a store as it went in: any bytes, unicode, repaired and missing times',
  async t => {
    await fc.assert(
      fc.asyncProperty(body, fc.nat(5000), async (given, of) => {
        const decoded = await decodeBody(
          await encodeBody({ ...packed(given), of, stamp: 'a1' }, 'rules')
        )
        assert.deepEqual([decoded.stamp, decoded.of], ['a1', of])
        assert.deepEqual([...decoded.entries], given.entries)
        assert.ok(decoded.bytes.equals(given.bytes))
      }),
      seeded
    )
    t.pass()
  }
)

t.test('bytes that are no body are refused, at whatever place they were damaged', async t => {
  const body = packed(bodyOf([{ id: indicatorId(1) }]))
  const stored = await encodeBody({ ...body, of: 1, stamp: 'a1' }, 'rules')
  await t.rejects(decodeBody(Buffer.from('not a body, though long enough for one')))
  for (let length = 0; length < stored.length; length++)
    await t.rejects(decodeBody(stored.subarray(0, length)), `${length}`)
  const ofOtherForm = Buffer.from(stored)
  ofOtherForm.writeUInt8(stored.readUInt8() + 1)
  await t.rejects(decodeBody(ofOtherForm), /form/)
  const ofOtherBytes = await encodeBody(
    { ...body, bytes: Buffer.from('{}'), of: 1, stamp: 'a1' },
    'rules'
  )
  await t.rejects(decodeBody(ofOtherBytes), /index/)
})

t.test('picking, ordering and joining leave every object’s bytes as they are (G10)', async t => {
  fc.assert(
    fc.property(body, body, fc.infiniteStream(fc.boolean()), (first, second, coin) => {
      const kept = first.entries.map(() => coin.next().value as boolean)
      const expected = objectsOf(first).filter((_, i) => kept[i])
      assert.deepEqual(objectsOf(pick(first, (_, i) => kept[i]!)), expected)
      const backwards = first.entries.map((_, i) => first.entries.length - 1 - i)
      assert.deepEqual(objectsOf(arrange(first, backwards)), objectsOf(first).reverse())
      assert.deepEqual(objectsOf(concat(first, second)), [
        ...objectsOf(first),
        ...objectsOf(second)
      ])
    }),
    seeded
  )
  t.pass()
})

t.test('objects of a picked or joined body stay separated by single commas', async t => {
  const whole = bodyOf([1, 2, 3].map(n => ({ id: indicatorId(n) })))
  const two = pick(whole, (_, i) => i !== 1)
  t.same(JSON.parse(`[${two.bytes}]`), [{ id: indicatorId(1) }, { id: indicatorId(3) }])
  t.equal(JSON.parse(`[${concat(two, whole).bytes}]`).length, 5)
})

t.test(
  'the segment cache is bounded by bytes: the least recently used goes first (G9)',
  async t => {
    const cache = new SegmentCache(6000)
    const segments = [1, 2, 3].map(no => segmentOf(bodyOf([{ id: indicatorId(no) }]), { no }))
    for (const segment of segments) cache.set('log', segment)
    t.ok(cache.bytes <= 6000)
    t.equal(cache.get('log', headOf({ no: 1, count: 1 })), undefined)
    t.equal(cache.get('log', headOf({ no: 3, count: 1 })), segments[2])
    t.equal(cache.get('other', headOf({ no: 3, count: 1 })), undefined)
  }
)

t.test('the segment cache does not give a segment that has grown since', async t => {
  const cache = new SegmentCache(10_000)
  cache.set('log', segmentOf(bodyOf([{ id: indicatorId(1) }]), { no: 1 }))
  t.equal(cache.get('log', headOf({ no: 1, count: 2 })), undefined)
})
