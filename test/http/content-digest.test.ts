import fc from 'fast-check'
import t from 'tap'
import { digestOf } from '../../src/http/content-digest.ts'

const size = 100_000
const memory = Buffer.alloc(size * 2, 'segment')

t.test('the same bytes have the same digest, wherever they lie', async t => {
  const copy = Buffer.from(memory.subarray(7, 7 + size))
  t.equal(digestOf([memory.subarray(7, 7 + size)]), digestOf([copy]))
  t.equal(digestOf([Buffer.from('ab')]), digestOf([Buffer.from('xab').subarray(1)]))
})

t.test('every slice of one memory has its own, however many were asked for before', async t => {
  const slices = Array.from({ length: 100 }, (_, n) => memory.subarray(n, n + size + n))
  const digests = slices.map(slice => digestOf([slice]))
  t.equal(new Set(digests).size, slices.length)
  for (const [n, slice] of slices.entries())
    t.equal(digestOf([Buffer.from(slice)]), digests[n], String(n))
})

t.test('one changed byte changes it, in a small piece and in a large one', async t => {
  for (const length of [10, size]) {
    const digest = digestOf([Buffer.alloc(length, 'a')])
    for (const at of [0, length >> 1, length - 1]) {
      const other = Buffer.alloc(length, 'a')
      other[at] = 98
      t.not(digestOf([other]), digest, `${length} ${at}`)
    }
  }
})

t.test('it is equal only when the pieces joined are', async t => {
  const piece = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('', 'a', 'b', 'ab') },
    fc.constantFrom('a'.repeat(size), 'b'.repeat(size))
  )
  const pieces = fc.array(
    piece.map(text => Buffer.from(text)),
    { maxLength: 4 }
  )
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        pieces,
        pieces,
        (a, b) => digestOf(a) !== digestOf(b) || Buffer.concat(a).equals(Buffer.concat(b))
      ),
      { seed: 20_260_115, numRuns: 2000 }
    )
  )
})
