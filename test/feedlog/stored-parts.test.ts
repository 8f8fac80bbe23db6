import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { BodyContent, partCount, partObjects } from '../../src/feedlog/journal/body-content.ts'
import { PackedIndex } from '../../src/feedlog/journal/packed-index.ts'
import { decodeBody, encodeBody, segmentCost } from '../../src/feedlog/journal/segment.ts'
import { SegmentCache } from '../../src/feedlog/journal/segment-cache.ts'
import { findParts, withParts } from '../../src/feedlog/journal/stored-parts.ts'
import { inflatePart } from '../../src/kernel/deflated-part.ts'
import { bodyOf, indicatorId } from '../support/bodies.ts'
import { segmentOf } from '../support/heads.ts'

/** Bodies with their deflated parts, in memory and as they are stored. */

async function scene(objects: number) {
  const body = bodyOf(Array.from({ length: objects }, (_, n) => ({ id: indicatorId(n) })))
  const entries = PackedIndex.of(body.entries)
  const { bytes } = body
  const content = new BodyContent({ bytes })
  const parts = await content.deflate(entries)
  const alone = await encodeBody({ bytes, entries, stamp: 'a1', of: objects }, 'rules')
  return { bytes, entries, content, parts, alone, stored: withParts(alone, parts) }
}

t.test('the parts of a body, joined by commas, are the body, whatever its length', async t => {
  for (const objects of [1, partObjects - 1, partObjects, partObjects + 1, 3 * partObjects]) {
    const { bytes, parts, stored } = await scene(objects)
    t.equal(parts.length, partCount(objects))
    const decoded = (await decodeBody(stored)).content!.parts!
    for (const held of [parts, decoded]) {
      const contents = held.map(inflatePart)
      t.equal(contents.join(','), bytes.toString())
      t.same(
        held.map(({ digest }) => digest),
        contents.map(content => hash('sha256', content))
      )
    }
  }
})

t.test(
  'parts are made once, however many ask at a time, and told once to who keeps them',
  async t => {
    const { bytes, entries } = await scene(partObjects)
    const content = new BodyContent({ bytes })
    const kept: unknown[] = []
    content.keep = parts => kept.push(parts)
    const [one, two] = await Promise.all([content.deflate(entries), content.deflate(entries)])
    t.equal(one, two)
    t.equal(await content.deflate(entries), one)
    t.strictSame(kept, [one])
  }
)

t.test('any run of objects comes out as it is, in any order of asking', async t => {
  const { bytes, entries, stored } = await scene(10 * partObjects - 7)
  const run = fc.tuple(fc.nat(entries.length - 1), fc.nat(150))
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 6 }), async runs => {
      const { content } = await decodeBody(stored)
      for (const [first, more] of runs) {
        const last = Math.min(entries.length, first + 1 + more)
        const end = entries.offsetAt(last - 1) + entries.lengthAt(last - 1)
        const slice = content!.slice(entries, first, last)
        assert.ok(slice.equals(bytes.subarray(entries.offsetAt(first), end)), `${first} ${last}`)
      }
      assert.ok(content!.bytes.equals(bytes))
    }),
    { seed: 20_261_128, numRuns: 60 }
  )
  t.pass()
})

t.test('to a gateway that knows nothing of parts it is the body alone', async t => {
  const { bytes, alone, stored } = await scene(2 * partObjects)
  const objectsAt = 20 + alone.readUInt32LE(4) + alone.readUInt32LE(8)
  t.ok(stored.subarray(0, alone.length).equals(alone))
  t.ok(zstdDecompressSync(stored.subarray(objectsAt)).equals(bytes))
})

t.test(
  'damage anywhere gives no wrong bytes: parts go, and a body that is not the one',
  async t => {
    const { bytes, alone, stored } = await scene(partObjects + 20)
    const fates = { withoutParts: 0, refused: 0 }
    for (
      let at = 0;
      at < stored.length;
      at += at < alone.length || at > stored.length - 150 ? 1 : 37
    ) {
      const damaged = Buffer.from(stored)
      damaged[at]! ^= 1 << (at % 8)
      const decoded = await decodeBody(damaged).catch(() => undefined)
      if (!decoded) fates.refused++
      else {
        assert.ok(at >= alone.length, `${at} is in the body`)
        assert.equal(decoded.content?.parts, undefined, `${at}`)
        assert.ok(decoded.bytes.equals(bytes), `${at}`)
        fates.withoutParts++
      }
    }
    t.ok(fates.refused >= alone.length && fates.withoutParts > 100, JSON.stringify(fates))
  }
)

t.test('a body with another index than its parts were made for has none', async t => {
  const { parts, alone } = await scene(2 * partObjects)
  const stored = withParts(alone, parts.slice(1))
  t.equal(findParts(stored)?.parts?.length, 1)
  t.equal((await decodeBody(stored)).content?.parts, undefined)
})

t.test('G9: what is held deflated counts, from the moment it is there', async t => {
  const { bytes, entries, content, parts, stored } = await scene(2 * partObjects)
  const size = parts.reduce((sum, { deflated }) => sum + deflated.length, 0)
  const plain = segmentOf({ bytes, entries: bodyOf([]).entries }, { entries })
  t.equal(segmentCost({ ...plain, content }) - segmentCost(plain), size)
  const decoded = await decodeBody(stored)
  t.equal(segmentCost({ ...plain, content: decoded.content! }) - segmentCost(plain), stored.length)
  const cache = new SegmentCache(1_000_000)
  const growing = { ...plain, content: new BodyContent({ bytes }) }
  cache.set('log', growing)
  const before = cache.bytes
  await growing.content.deflate(entries)
  cache.recount('log', growing)
  t.equal(cache.bytes - before, size)
  cache.recount('other', growing)
  t.equal(cache.bytes - before, size, 'what is not held is not counted')
})
