import t from 'tap'
import { PackedIndex } from '../../src/feedlog/journal/packed-index.ts'
import { decodeBody, encodeBody, segmentOf } from '../../src/feedlog/journal/segment.ts'
import { SegmentCache } from '../../src/feedlog/journal/segment-cache.ts'
import { withParts } from '../../src/feedlog/journal/stored-parts.ts'
import { hold } from '../../src/feedlog/sync/kept-parts.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { bodyOf, indicatorId } from '../support/bodies.ts'
import { storeWith } from '../support/worlds.ts'

/** Where the deflated parts of a segment are kept. */

const identity = { name: 'log', feedId: 'feed', types: [], all: false }
const body = bodyOf(Array.from({ length: 150 }, (_, n) => ({ id: indicatorId(n) })))
const entries = PackedIndex.of(body.entries)
const encode = () => encodeBody({ bytes: body.bytes, entries, stamp: 'a1', of: 150 }, 'rules')

/** The segment as it comes out of these bytes, held; `kept` resolves once its parts were made and dealt with. */
async function held(stored: Buffer) {
  const { content, ...rest } = await decodeBody(stored)
  const dates = new Float64Array(entries.length)
  const segment = segmentOf(content!, { ...rest, no: 1, dates, naturals: dates })
  const store = storeWith()
  await store.writeBody('log', 1, stored)
  const cache = new SegmentCache(1_000_000)
  hold(segment, { epoch: '1' }, { identity, store, cache, meter: silentMeter })
  const before = cache.bytes
  const keep = async () => {
    await content!.deflate(entries)
    await new Promise(setImmediate)
    return store.readBody('log', 1)
  }
  return { store, keep, grownBy: () => cache.bytes - before }
}

t.test('they lie behind the body that they were made of, and count in memory', async t => {
  const stored = await encode()
  const { keep, grownBy } = await held(stored)
  const kept = (await keep())!
  const { content } = await decodeBody(kept)
  t.equal(content?.parts?.length, 2)
  t.ok(kept.subarray(0, stored.length).equals(stored))
  t.equal(
    grownBy(),
    content!.parts!.reduce((sum, { deflated }) => sum + deflated.length, 0)
  )
})

t.test('they are not put behind another body, though it be as long', async t => {
  const stored = await encode()
  const { store, keep } = await held(stored)
  const other = Buffer.from(stored)
  other[stored.length - 1]! ^= 1
  await store.writeBody('log', 1, other)
  t.ok((await keep())?.equals(other))
})

t.test('those that are damaged are replaced', async t => {
  const stored = await encode()
  const sound = (await (await held(stored)).keep())!
  const damaged = Buffer.from(sound)
  damaged[stored.length + 20]! ^= 1
  const { keep } = await held(damaged)
  t.ok((await keep())?.equals(sound))
})

t.test('a body that has parts is left as it is', async t => {
  const sound = (await (await held(await encode())).keep())!
  t.ok((await (await held(sound)).keep())?.equals(sound))
  t.ok(sound.equals(withParts(await encode(), (await decodeBody(sound)).content!.parts!)))
})
