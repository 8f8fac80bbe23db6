import assert from 'node:assert/strict'
import t from 'tap'
import { atOnce } from '../../src/kernel/give-way.ts'
import { mapConjunction, mapHashes } from '../../src/misp/mapping/pattern/conjunction.ts'
import { Conjunctions, type Equality } from '../../src/misp/mapping/pattern/equalities.ts'
import { toAlternatives } from '../../src/stix/pattern/alternatives.ts'
import { parsePattern } from '../../src/stix/pattern/parse.ts'

/** The work of the mapping grows in step with the pattern, counted as looks at its comparisons. */

const md5 = (n: number): string => n.toString(16).padStart(32, '0')
const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
const repeat = (count: number, part: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => part(n)).join(' AND ')

const families: Record<string, (n: number) => string> = {
  'hosts of one AND': n => repeat(n, n => `ipv4-addr:value = '${address(n)}'`),
  'hosts and a port': n =>
    `${repeat(n, n => `ipv4-addr:value = '${address(n)}'`)} AND network-traffic:dst_port = 1`,
  'addresses of a domain': n =>
    `domain-name:value = 'www.example.com' AND ${repeat(n, n => `domain-name:resolves_to_refs[*].value = '${address(n)}'`)}`,
  'types of a reference': n =>
    `network-traffic:dst_ref.value = '192.0.2.1' AND ${repeat(n, n => `network-traffic:dst_ref.type = 'x-${n}'`)}`,
  'hosts of URLs': n =>
    repeat(
      n,
      n => `url:value = 'https://a${n}.example.com/' AND domain-name:value = 'a${n}.example.com'`
    ),
  'hashes of one kind': n => repeat(n, n => `file:hashes.MD5 = '${md5(n)}'`),
  'unknown properties beside a hash': n =>
    `file:hashes.MD5 = '${md5(1)}' AND ${repeat(n, n => `file:example_${n} = 1`)}`,
  'context beside a hash': n =>
    `file:hashes.MD5 = '${md5(1)}' AND ${repeat(n, n => `ipv4-addr:value = '${address(n)}'`)}`,
  'properties of tools': n =>
    `ipv4-addr:value = '192.0.2.1' AND ${repeat(n, n => `ipv4-addr:x_${n} = 1`)}`
}

type Counted = readonly { readonly equalities: readonly Equality[] }[]

const mapConjunctions = (all: Counted): unknown =>
  all.map(({ equalities }) => mapConjunction({ equalities, others: [] }))

for (const [title, textOf] of Object.entries(families)) {
  t.test(`an AND of ${title}`, async t => {
    const [one, two, three] = [100, 200, 300].map(n => looksOf(`[${textOf(n)}]`, mapConjunctions))
    t.ok(one! >= 100, 'the comparisons were looked at')
    t.ok(three! - two! <= two! - one!, `${one}, ${two}, ${three}`)
  })
}

t.test('an OR of hashes', async t => {
  const either = (n: number) =>
    `[${Array.from({ length: n }, (_, n) => `file:hashes.MD5 = '${md5(n)}'`).join(' OR ')}]`
  const [one, two, three] = [100, 200, 300].map(n =>
    looksOf(either(n), all =>
      atOnce(mapHashes(all.map(({ equalities }) => ({ equalities, others: [] }))))
    )
  )
  t.ok(one! >= 100, 'the hashes were looked at')
  t.equal(three! - two!, two! - one!)
})

function looksOf(text: string, map: (all: Counted) => unknown): number {
  const pattern = parsePattern(text)
  assert.ok(pattern.kind !== 'refused')
  const conjunctions = new Conjunctions(new Set())
  const all = toAlternatives(pattern)!.flatMap(
    ({ observations }) => conjunctions.of(observations[0]!)!
  )
  let looks = 0
  const counted = (equality: Equality) =>
    new Proxy(equality, {
      get(target, key, receiver) {
        looks++
        return Reflect.get(target, key, receiver)
      }
    })
  map(all.map(({ equalities }) => ({ equalities: equalities.map(counted) })))
  return looks
}
