import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { combineCrc32 } from '../../src/http/crc32.ts'

t.test('RFC 1952 §8: the CRC-32 of contents one after the other, out of those of each', async t => {
  const content = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(content, content, (first, second) => {
      const combined = combineCrc32(crc32(first), crc32(second), second.length)
      return combined === crc32(Buffer.concat([first, second]))
    }),
    { seed: 20_261_128, numRuns: 500 }
  )
  for (const length of [1, 65_535, 65_536, 2_120_079]) {
    const [first, second] = [Buffer.from('before'), Buffer.alloc(length, 'behind')]
    t.equal(
      combineCrc32(crc32(first), crc32(second), length),
      crc32(Buffer.concat([first, second])),
      String(length)
    )
  }
})
