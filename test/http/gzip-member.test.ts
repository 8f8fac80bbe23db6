import { once } from 'node:events'
import { createGunzip, gunzipSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { CompressedAnswers } from '../../src/http/compressed.ts'
import { toGzipMember } from '../../src/http/gzip-member.ts'
import type { Stretch } from '../../src/kernel/chunk.ts'
import { type DeflatedPart, deflatePart } from '../../src/kernel/deflated-part.ts'

/** gzip answers out of what is held deflated. */

const text = fc
  .tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(40))
  .map(([bytes, times]) => Buffer.concat(Array(times).fill(Buffer.from(bytes))))
const parts = fc.array(fc.tuple(text, fc.boolean()), { maxLength: 8 })

const partsOf = (pieces: readonly (readonly [Buffer, boolean])[]) =>
  Promise.all(pieces.map(([bytes, isDeflated]) => (isDeflated ? deflatePart(bytes) : bytes)))

t.test(
  'RFC 1952 §2.2: one member that holds the content of all parts, and no second one',
  async t => {
    await fc.assert(
      fc.asyncProperty(parts, async pieces => {
        const whole = Buffer.concat(pieces.map(([bytes]) => bytes))
        const member = await toGzipMember(await partsOf(pieces))
        const { buffer, engine } = inflateRawSync(member.subarray(10), { info: true }) as never as {
          buffer: Buffer
          engine: { bytesWritten: number }
        }
        return (
          gunzipSync(member).equals(whole) &&
          buffer.equals(whole) &&
          engine.bytesWritten === member.length - 10 - 8
        )
      }),
      { seed: 20_261_128, numRuns: 200 }
    )
    t.pass()
  }
)

t.test('it can be read byte by byte, into little room', async t => {
  const [one, two] = [Buffer.alloc(100_000, 'first '), Buffer.alloc(70_000, 'second ')]
  const begin = Buffer.alloc(70_000, '{"objects":[')
  const member = await toGzipMember([
    begin,
    await deflatePart(one),
    Buffer.from(','),
    await deflatePart(two),
    Buffer.from(']}')
  ])
  const gunzip = createGunzip({ chunkSize: 64 })
  const chunks: Buffer[] = []
  gunzip.on('data', chunk => chunks.push(chunk))
  for (let i = 0; i < member.length; i++) gunzip.write(member.subarray(i, i + 1))
  gunzip.end()
  await once(gunzip, 'end')
  const whole = Buffer.concat([...[begin, one], ...[Buffer.from(','), two, Buffer.from(']}')]])
  t.ok(Buffer.concat(chunks).equals(whole))
})

/** A stretch that counts how often its bytes are asked for. */
function stretchOf(bytes: Buffer, held: readonly (Buffer | DeflatedPart)[]) {
  const asked = { bytes: 0 }
  const stretch: Stretch = {
    length: bytes.length,
    bytes() {
      asked.bytes++
      return bytes
    },
    digest: () => 'digest',
    parts: async () => held,
    weakly: () => () => stretch
  }
  return { stretch, asked }
}

t.test('what is held deflated is used where it is half of the answer or more', async t => {
  const bytes = Buffer.alloc(100_000, 'held ')
  const begin = Buffer.from('[')
  const end = Buffer.from(']')
  const most = stretchOf(bytes, [
    await deflatePart(bytes.subarray(0, 50_001)),
    bytes.subarray(50_001)
  ])
  const few = stretchOf(bytes, [
    await deflatePart(bytes.subarray(0, 49_999)),
    bytes.subarray(49_999)
  ])
  for (const [{ stretch, asked }, times] of [
    [most, 0],
    [few, 1]
  ] as const) {
    const answers = new CompressedAnswers(1_000_000)
    const gzip = await answers.make('tag', 'gzip', [begin, stretch, end])
    t.ok(gunzipSync(gzip).equals(Buffer.concat([begin, bytes, end])))
    t.equal(asked.bytes, times)
    t.equal(answers.get('tag', 'gzip'), gzip)
  }
})
