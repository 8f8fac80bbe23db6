import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Fingerprint, fingerprint, IdIndex } from '../../src/feedlog/journal/id-index.ts'

const seeded = { seed: 20_260_115, numRuns: 300 }

/** Few different words, so that slots collide and fingerprints agree in one half. */
const word = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffff_ffff }))
const print: fc.Arbitrary<Fingerprint> = fc.record({ high: word, low: word })
const writes = fc.array(fc.tuple(print, fc.integer({ min: 1, max: 1000 })), { maxLength: 200 })

t.test('the index agrees with a map, through collisions and growth', async t => {
  fc.assert(
    fc.property(writes, fc.array(print, { maxLength: 50 }), (given, others) => {
      const index = new IdIndex(2)
      const map = new Map<string, number>()
      const nameOf = ({ high, low }: Fingerprint) => `${high}.${low}`
      for (const [at, no] of given) {
        index.set(at, no)
        map.set(nameOf(at), no)
      }
      const asked = [...given.map(([at]) => at), ...others]
      return index.size === map.size && asked.every(at => index.get(at) === map.get(nameOf(at)))
    }),
    seeded
  )
  t.pass()
})

t.test('a hundred thousand ids that differ in their last digits alone are told apart', async t => {
  const index = new IdIndex()
  const idOf = (n: number) =>
    `indicator--00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
  for (let n = 0; n < 100_000; n++) index.set(fingerprint(idOf(n)), n + 1)
  t.equal(index.size, 100_000)
  const wrong = Array.from({ length: 100_000 }, (_, n) => n).filter(
    n => index.get(fingerprint(idOf(n))) !== n + 1
  )
  t.same(wrong, [])
})

t.test('a fingerprint is two whole 32-bit words and depends on the id alone', async t => {
  const id = fc.oneof(
    fc
      .tuple(fc.constantFrom('indicator', 'malware', 'x-custom'), fc.uuid())
      .map(parts => parts.join('--')),
    fc.string({ maxLength: 60 })
  )
  const isWord = (word: number) => word === word >>> 0
  fc.assert(
    fc.property(id, text => {
      const { high, low } = fingerprint(text)
      const again = fingerprint(`${text}`)
      return isWord(high) && isWord(low) && again.high === high && again.low === low
    }),
    seeded
  )
  const uuid = '00000000-0000-4000-8000-000000000001'
  t.notSame(fingerprint(`tool--${uuid}`), fingerprint(`malware--${uuid}`), 'the type counts')
  t.notSame(fingerprint('x--1'), fingerprint('x--2'), 'an id without a UUID has one as well')
})

t.test('property: hexadecimal digits of either case are read as parseInt reads them', async () => {
  const digits = fc.string({
    unit: fc.constantFrom(...'0123456789abcdefABCDEF09afgGzx@`: -'),
    minLength: 36,
    maxLength: 36
  })
  fc.assert(
    fc.property(digits, uuid => {
      const high = Number.parseInt(uuid.slice(0, 8), 16)
      const low = Number.parseInt(uuid.slice(-8), 16)
      if (Number.isNaN(high) || Number.isNaN(low)) return
      const print = fingerprint(`x--${uuid}`)
      assert.equal(print.high, (high ^ ('x'.charCodeAt(0) << 8) ^ 3) >>> 0)
      assert.equal(print.low, low >>> 0)
    }),
    { seed: 20261128, numRuns: 2000 }
  )
})
