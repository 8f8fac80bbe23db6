import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ResponseCache } from '../../src/http/response-cache.ts'
import { bytesOf, type Chunk, type Stretch } from '../../src/kernel/chunk.ts'

/** What is given again without being made again, and when it is made again. */

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function make() {
  let now = 1_000_000
  const cache = new ResponseCache<string>({ now: () => now })
  const state = { isValid: true, asked: [] as number[] }
  const validity = (instant: number) => {
    state.asked.push(instant)
    return state.isValid
  }
  const advance = (ms: number) => {
    now += ms
  }
  return { cache, state, validity, advance }
}

const joined = ({ pieces }: { pieces: readonly Chunk[] }) => Buffer.concat(pieces.map(bytesOf))
const text = (found: { pieces: readonly Chunk[] }) => joined(found).toString()
const memoryOf = ({ pieces }: { pieces: readonly Chunk[] }, no: number) =>
  bytesOf(pieces[no]!).buffer
const large = () => Buffer.alloc(100_000, 'x')

t.test('a response is given again, byte for byte, while it is valid', async t => {
  const { cache, state, validity, advance } = make()
  const kept = large()
  const pieces = [Buffer.from('{'), kept.subarray(5, 50_000), Buffer.from('}')]
  cache.set('a', 'head', pieces, validity)
  advance(5)
  const found = cache.get('a')!
  t.equal(found.response, 'head')
  t.ok(joined(found).equals(Buffer.concat(pieces)))
  t.equal(memoryOf(found, 1), kept.buffer, 'large pieces stay where they lie')
  t.strictSame(state.asked, [1_000_005])
  t.equal(cache.get('b'), undefined)
})

t.test('what is not valid once is gone', async t => {
  const { cache, state, validity } = make()
  cache.set('a', 'head', [Buffer.from('text')], validity)
  state.isValid = false
  t.equal(cache.get('a'), undefined)
  state.isValid = true
  t.equal(cache.get('a'), undefined)
})

t.test('a clock that goes back makes nothing last longer', async t => {
  const { cache, validity, advance } = make()
  cache.set('a', 'head', [Buffer.from('text')], validity)
  advance(-1)
  t.equal(cache.get('a'), undefined)
})

t.test('small pieces are copies: they keep nothing else in memory', async t => {
  const { cache, validity } = make()
  const bytes = Buffer.from('text')
  cache.set('a', 'head', [bytes], validity)
  bytes.fill('-')
  const found = cache.get('a')!
  t.equal(text(found), 'text')
  t.equal(memoryOf(found, 0).byteLength, 4)
})

t.test('what lies in many small pieces is not kept', async t => {
  const { cache, validity } = make()
  const pieces = (count: number) => Array.from({ length: count }, () => Buffer.alloc(1024))
  cache.set('a', 'head', pieces(33), validity)
  t.equal(cache.get('a'), undefined)
  cache.set('a', 'head', pieces(32), validity)
  t.ok(cache.get('a'))
})

t.test('G9: it holds no large piece in memory, and misses when one is gone', async t => {
  const { cache, validity } = make()
  const kept = large()
  cache.set('kept', 'head', [kept], validity)
  for (let n = 0; n < 10; n++) cache.set(`gone ${n}`, 'head', [large()], validity)
  await new Promise(setImmediate)
  collectGarbage()
  for (let n = 0; n < 10; n++) t.equal(cache.get(`gone ${n}`), undefined)
  t.equal(memoryOf(cache.get('kept')!, 0), kept.buffer)
})

t.test('a stretch is given again as long as its owner keeps it', async t => {
  const { cache, validity } = make()
  let isKept = true
  const stretch: Stretch = {
    length: 5,
    bytes: () => Buffer.from('bytes'),
    digest: () => 'digest',
    parts: async () => [Buffer.from('bytes')],
    weakly: () => () => (isKept ? stretch : undefined)
  }
  cache.set('a', 'head', [Buffer.from('['), stretch, Buffer.from(']')], validity)
  t.equal(text(cache.get('a')!), '[bytes]')
  isKept = false
  t.equal(cache.get('a'), undefined)
})

t.test('G9: what is kept is bounded, the least recently used goes first', async t => {
  const { cache, validity } = make()
  const piece = Buffer.alloc(1024)
  const pieces = Array.from({ length: 31 }, () => piece)
  for (let n = 0; n < 300; n++) {
    cache.set(`${n}`, 'head', pieces, validity)
    t.ok(cache.get('0'))
  }
  t.equal(cache.get('1'), undefined)
  t.ok(cache.get('299'))
})
