import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  entryKey,
  hasEarlier,
  hasLater,
  PackedIndex
} from '../../src/feedlog/journal/packed-index.ts'
import { anyItem, bodyOf, indicatorId } from '../support/bodies.ts'

/** Packed entries say what the entries say that they were made of. */

const lists = fc.array(anyItem, { maxLength: 30 }).map(items => bodyOf(items).entries)
const seeded = { seed: 20_260_115, numRuns: 500 }

t.test('one by one, all together, from the end and column by column', async t => {
  fc.assert(
    fc.property(lists, given => {
      const packed = PackedIndex.of(given)
      assert.equal(packed.length, given.length)
      assert.deepEqual([...packed], given)
      assert.deepEqual(
        packed.ids(),
        given.map(({ id }) => id)
      )
      for (let i = -given.length - 1; i <= given.length; i++)
        assert.deepEqual(packed.at(i), given.at(i))
      given.forEach(({ id, time, offset, length }, i) => {
        assert.deepEqual(
          [packed.idAt(i), packed.timeAt(i), packed.offsetAt(i), packed.lengthAt(i)],
          [id, time, offset, length]
        )
      })
    }),
    seeded
  )
  t.pass()
})

t.test('after a way through a store, wherever in memory the bytes come to lie', async t => {
  fc.assert(
    fc.property(lists, fc.nat(7), (given, shift) => {
      const { bytes } = PackedIndex.of(given)
      const moved = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift)
      assert.deepEqual([...new PackedIndex(moved)], given)
    }),
    seeded
  )
  t.pass()
})

t.test('packed entries are not packed again', async t => {
  const packed = PackedIndex.of(bodyOf([{ id: indicatorId(1) }]).entries)
  t.equal(PackedIndex.of(packed), packed)
})

t.test('half of a pair of surrogates stays half of one', async t => {
  const [entry] = bodyOf([{ id: indicatorId(1), time: '\ud800' }]).entries
  t.strictSame([...PackedIndex.of([entry!])], [entry])
})

t.test('bytes that are something else are refused, whatever is missing of them', async t => {
  const ids = [1, 2, 3].map(n => ({ id: indicatorId(n), time: '2026-01-15T12:00:00Z' }))
  const { bytes } = PackedIndex.of(bodyOf(ids).entries)
  for (let length = 0; length < bytes.length; length++)
    t.throws(() => new PackedIndex(bytes.subarray(0, length)), `${length}`)
  const longerId = Buffer.from(bytes)
  longerId.writeUInt8(longerId.readUInt8(28) + 1, 28)
  t.throws(() => new PackedIndex(longerId), /packed/)
})

t.test('repeats of an id are marked, earlier and later (P-45)', async t => {
  const ids = [1, 2, 1, 3, 1].map(n => ({ id: indicatorId(n) }))
  const packed = PackedIndex.of(bodyOf(ids).entries)
  t.strictSame(
    ids.map((_, i) => packed.repeatsAt(i)),
    [hasLater, 0, hasLater | hasEarlier, 0, hasEarlier]
  )
})

t.test('a key tells versions of one object apart, and one version at two ids', async t => {
  const keys = [
    { id: 'a', time: '1' },
    { id: 'a', time: '2' },
    { id: 'b', time: '1' },
    { id: 'a', time: undefined }
  ].map(entryKey)
  t.equal(new Set(keys).size, 4)
})
