import { hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { atOnce } from '../../src/kernel/give-way.ts'
import { HashesFile, hashesOf } from '../../src/misp/events/hashes.ts'
import type { AttributeBody, EventBody } from '../../src/misp/events/wire.ts'
import { hashedParts, hashedSpellings, md5 } from '../support/misp/hashed-values.ts'

/** hashes.csv is a sorted set of lines (INV-14), however it is put together. */

const uuidOf = (n: number) => `00000000-0000-5000-8000-${n.toString(16).padStart(12, '0')}`
/** Many share their first two bytes, by which they are counted; some are the same in several events. */
const md5Of = (n: number) =>
  (n % 3 === 0 ? 'ffff' : n % 3 === 1 ? '0000' : '') +
  hash('md5', `${n}`).slice(n % 3 === 2 ? 0 : 4)

const events = fc.uniqueArray(
  fc.record({ no: fc.nat(50), values: fc.uniqueArray(fc.nat(300), { maxLength: 60 }) }),
  { maxLength: 20, selector: ({ no }) => no }
)

const toEvents = (list: readonly { no: number; values: readonly number[] }[]) =>
  list.map(({ no, values }) => ({
    uuid: uuidOf(no),
    md5s: Buffer.from(values.map(md5Of).sort().join(''), 'hex')
  }))

const linesOf = (list: readonly { no: number; values: readonly number[] }[]) =>
  list.flatMap(({ no, values }) => values.map(n => `${md5Of(n)},${uuidOf(no)}`)).sort()

const textOf = (file: HashesFile) => Buffer.concat([...file.pieces()]).toString()

t.test('lines are sorted and none is lost, of however many events', async t => {
  const property = fc.asyncProperty(events, async list => {
    const file = await HashesFile.of(toEvents(list))
    const text = textOf(file)
    return text === linesOf(list).join('\n') && file.length === Buffer.byteLength(text)
  })
  await t.resolves(fc.assert(property, { seed: 20_260_115, numRuns: 500 }))
})

t.test('the digest stands for the content, in whatever order the events come', async t => {
  const property = fc.asyncProperty(events, events, async (one, two) => {
    const [a, b, again] = await Promise.all(
      [one, two, one.toReversed()].map(list => HashesFile.of(toEvents(list)))
    )
    const isSame = textOf(a!) === textOf(b!)
    return a!.digest === again!.digest && (isSame || a!.digest !== b!.digest)
  })
  await t.resolves(fc.assert(property, { seed: 20_260_115, numRuns: 200 }))
})

t.test('pieces fit together at their edges', async t => {
  for (const size of [1, 4095, 4096, 4097, 8192, 20_000]) {
    const all = [
      { no: 1, values: Array.from({ length: size }, (_, n) => n) },
      { no: 2, values: [0, 1, size - 1].filter((n, at, list) => list.indexOf(n) === at) }
    ]
    const file = await HashesFile.of(toEvents(all))
    t.equal(textOf(file), linesOf(all).join('\n'), `${size} and some`)
    t.ok([...file.pieces()].every(piece => piece.length <= 4096 * 70))
  }
})

t.test('without a live value there is no file', async t => {
  const file = await HashesFile.of([{ uuid: uuidOf(1), md5s: Buffer.alloc(0) }])
  t.same([file.length, [...file.pieces()]], [0, []])
})

t.test('the md5s of an event are those of its live values, in both spellings, once', async t => {
  const attribute = fc.record({
    type: fc.constantFrom(
      'url',
      'domain',
      'ip-dst|port',
      'filename|md5',
      'comment',
      'port',
      'mutex'
    ),
    value: fc.constantFrom('a', 'A', 'a|b', 'A|B', 'é|É'),
    isLive: fc.boolean(),
    isInObject: fc.boolean()
  })
  const property = fc.property(fc.array(attribute, { maxLength: 12 }), list => {
    const bodies = list.map((each, n) => ({ ...each, uuid: uuidOf(n) }))
    const inObjects = bodies.filter(({ isInObject }) => isInObject)
    const event = {
      Attribute: bodies.filter(({ isInObject }) => !isInObject) as unknown as AttributeBody[],
      Object: inObjects.map(each => ({ Attribute: [each] }))
    } as unknown as EventBody
    const live = bodies.filter(({ isLive }) => isLive)
    const found = atOnce(hashesOf(event, new Set(live.map(({ uuid }) => uuid)))).toString('hex')
    const wanted = live.flatMap(({ type, value }) =>
      hashedParts(type, value).flatMap(hashedSpellings).map(md5)
    )
    return found === [...new Set(wanted)].sort().join('')
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_260_115, numRuns: 500 }))
})
