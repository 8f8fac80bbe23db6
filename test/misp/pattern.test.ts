import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Mapped, MispValue } from '../../src/misp/mapping/model.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import { normalise } from '../../src/misp/mapping/values/attribute-types.ts'
import { fallbackReasons } from '../../src/misp/mapping/values/fallbacks.ts'
import type { Comparison, PathStep, Pattern } from '../../src/stix/pattern/ast.ts'
import { storedValue } from '../support/misp/stored-value.ts'
import { valueRefusal } from '../support/misp/value-rules.ts'
import { printPattern } from '../support/pattern-printer.ts'
import { anyPattern, anySpelling, conditionOf } from '../support/patterns.ts'

/** What is not in the golden files: the bounds of the mapping, and what holds for all patterns. */

const seed = 20_261_124

const map = (pattern: unknown, rest: object = {}): Mapped =>
  mapIndicator({ id: 'indicator--1', type: 'indicator', pattern, ...rest })

const valuesOf = (mapped: Mapped): string[] =>
  mapped.attributes.map(({ type, value }) => `${type} ${value}`)

/** The whole pattern, where it went out. */
const wholeOf = ({ objects }: Mapped): string | undefined =>
  objects.find(({ template }) => template === 'stix2-pattern')?.values[0]?.value

const nothing = { attributes: [], objects: [], fallback: 'no-pattern' }

t.test('an indicator without a pattern gives nothing, and says so', async t => {
  for (const pattern of [undefined, null, 7, {}, ['[a:b = 1]'], '', ' \n', '\x01'])
    t.strictSame(map(pattern), nothing, JSON.stringify(pattern))
})

t.test('without a pattern_type, as Sekoia sometimes leaves it, a pattern is STIX', async t => {
  for (const type of [undefined, null, '', 'stix', 'STIX', 7]) {
    const mapped = map("[ipv4-addr:value = '192.0.2.1']", { pattern_type: type })
    t.strictSame(valuesOf(mapped), ['ip-dst 192.0.2.1'], String(type))
  }
})

t.test('a pattern_type that is a word of JavaScript is one like any other', async t => {
  t.equal(map('a', { pattern_type: 'constructor' }).fallback, 'pattern-type')
})

t.test(
  'a pattern that went out whole is trimmed, and has its wide characters replaced',
  async t => {
    t.equal(wholeOf(map(" [url:value LIKE '\u{1f600}%']\n")), "[url:value LIKE '?%']")
  }
)

t.test('a pattern of 65,535 bytes goes out whole, a longer one not at all', async t => {
  const longest = `${'é'.repeat(32_767)}a`
  t.equal(wholeOf(map(longest)), longest)
  t.strictSame(map(`${longest}a`), { attributes: [], objects: [], fallback: 'too-long' })
  t.strictSame(map('rule'.repeat(20_000), { pattern_type: 'yara' }), {
    attributes: [],
    objects: [],
    fallback: 'too-long'
  })
})

t.test('what was mapped of a pattern that is too long stays', async t => {
  const pattern = "[domain-name:value = 'www.example.com' OR domain-name:value = 'x']"
  const mapped = map(pattern.replace("'x'", `'${'x'.repeat(65_537 - pattern.length)}'`))
  t.strictSame(valuesOf(mapped), ['domain www.example.com'])
  t.equal(mapped.fallback, 'too-long')
})

const addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => `'10.${n >> 16}.${(n >> 8) & 255}.${n & 255}'`)

t.test(
  '100,000 values of an OR are mapped, also where the pattern is longer than a value',
  async t => {
    const inList = map(`[ipv4-addr:value IN (${addresses(100_000).join(', ')})]`)
    t.equal(inList.attributes.length, 100_000)
    t.equal(inList.fallback, undefined)
    const comparisons = addresses(20_000).map(address => `ipv4-addr:value = ${address}`)
    t.equal(map(`[${comparisons.join(' OR ')}]`).attributes.length, 20_000)
    t.equal(map(`[${comparisons.join('] OR [')}]`).attributes.length, 20_000)
    const { attributes, fallback } = map(`[ipv4-addr:value IN (${addresses(100_001).join(', ')})]`)
    t.strictSame([attributes, fallback], [[], 'too-long'])
  }
)

t.test('10,000 combinations of an AND are mapped, of more none', async t => {
  const ports = Array.from({ length: 100 }, (_, n) => n + 1).join(', ')
  const ends = (count: number) => {
    const host = `network-traffic:dst_ref.value IN (${addresses(count).join(', ')})`
    return map(`[${host} AND network-traffic:dst_port IN (${ports})]`)
  }
  t.equal(ends(100).attributes.length, 10_000)
  t.equal(ends(101).fallback, 'structure')
  const many = Array.from({ length: 11 }, () => `[a:b IN (${ports}) AND a:c IN (${ports})]`)
  t.equal(map(many.join(' OR ')).fallback, 'structure', 'over all alternatives')
})

const hash = (digit: string, length: number) => digit.repeat(length)
const [a32, a40, b32, b40] = [hash('a', 32), hash('a', 40), hash('b', 32), hash('b', 40)]

t.test('the order in which a pattern names hashes does not show', async t => {
  const hashes = [`file:hashes.MD5 = '${a32}'`, `file:hashes.'SHA-1' = '${a40}'`]
  t.strictSame(map(`[${hashes.join(' OR ')}]`), map(`[${hashes.toReversed().join(' OR ')}]`))
})

t.test('hashes that AND ties together stay together', async t => {
  const file = (md5: string, sha1: string) =>
    `(file:hashes.MD5 = '${md5}' AND file:hashes.'SHA-1' = '${sha1}')`
  const { objects, attributes } = map(`[${file(a32, a40)} OR ${file(b32, b40)}]`)
  t.strictSame(attributes, [])
  t.strictSame(
    objects.map(({ values }) => values.map(({ value }) => value)),
    [
      [a32, a40],
      [b32, b40]
    ]
  )
})

t.test('hashes and other values are alternatives side by side', async t => {
  const mapped = map(
    `[file:hashes.MD5 = '${a32}' OR url:value = 'https://example.com' OR file:hashes.'SHA-1' = '${a40}']`
  )
  t.strictSame(valuesOf(mapped), ['url https://example.com'])
  t.strictSame(
    mapped.objects.map(({ values }) => values.map(({ relation }) => relation)),
    [['md5', 'sha1']]
  )
  t.equal(mapped.fallback, undefined)
})

t.test('one hash that is left of several is an attribute', async t => {
  const mapped = map(`[file:hashes.MD5 = '${a32}' OR file:hashes.'SHA-1' = '']`)
  t.strictSame(valuesOf(mapped)[0], `md5 ${a32}`)
  t.equal(mapped.fallback, 'refused-value')
})

t.test('of an AND of hashes the good ones stay, and the others are named', async t => {
  const mapped = map(`[file:hashes.MD5 = '${a32}' AND file:hashes.'SHA-1' = 'short']`)
  t.strictSame(valuesOf(mapped), [`md5 ${a32}`])
  t.strictSame([mapped.objects, mapped.unsaid], [[], ['file:hashes.sha-1']])
  t.equal(mapped.fallback, undefined)
})

t.test('of an AND with a value that MISP would refuse nothing stays without a hash', async t => {
  for (const rest of [
    "file:hashes.MD5 = 'short' AND file:name = 'a|b'",
    "file:size = 1.5 AND file:name = 'a'",
    "network-traffic:dst_ref.value = 'localhost' AND network-traffic:dst_port = 80",
    "domain-name:value = '*.example.com' AND ipv4-addr:value = '192.0.2.0/24'"
  ]) {
    const mapped = map(`[${rest}]`)
    t.equal(mapped.objects.length, 1, rest)
    t.strictSame(mapped.attributes, [])
    t.equal(wholeOf(mapped), `[${rest}]`)
    t.equal(mapped.fallback, 'refused-value')
  }
})

t.test('a network with a port is an Object, as no type holds it', async t => {
  const { objects, fallback } = map(
    "[network-traffic:dst_ref.value = '192.0.2.0/24' AND network-traffic:dst_port = 80]"
  )
  t.strictSame(
    objects[0]!.values.map(({ value }) => value),
    ['80', '192.0.2.0/24']
  )
  t.equal(fallback, undefined)
})

t.test('names that JavaScript knows are names like any other', async t => {
  for (const [fact, reason] of [
    ["file:hashes.constructor = 'a'", 'unknown-path'],
    ["url:constructor = 'a'", 'unknown-path'],
    ["constructor:value = 'a'", 'unknown-object'],
    ["network-traffic:protocols[*] = 'constructor'", 'incomplete']
  ] as const)
    t.equal(map(`[${fact}]`).fallback, reason, fact)
})

t.test('the same value in two spellings of an AND is one value', async t => {
  const mapped = map(`[file:hashes.MD5 = '${a32}' AND file:hashes.MD5 = '${a32.toUpperCase()}']`)
  t.strictSame(valuesOf(mapped), [`md5 ${a32}`])
})

/** Comparisons that the table knows or nearly knows, with values that fit or nearly fit. */
const places: readonly (readonly [object: string, ...path: PathStep[]])[] = [
  ['ipv4-addr', 'value'],
  ['domain-name', 'value'],
  ['domain-name', 'resolves_to_refs', { index: '*' }, 'value'],
  ['url', 'value'],
  ['email-addr', 'value'],
  ['email-message', 'to_refs', { index: 0 }, 'value'],
  ['file', 'hashes', 'MD5'],
  ['file', 'hashes', 'sha-256'],
  ['file', 'hashes', { index: '*' }],
  ['file', 'name'],
  ['file', 'size'],
  ['network-traffic', 'dst_ref', 'value'],
  ['network-traffic', 'dst_port'],
  ['network-traffic', 'src_ref', 'value'],
  ['network-traffic', 'protocols', { index: '*' }],
  ['windows-registry-key', 'key'],
  ['windows-registry-key', 'values', { index: '*' }, 'data'],
  ['x509-certificate', 'hashes', 'SHA-1'],
  ['x509-certificate', 'validity_not_before'],
  ['software', 'languages', { index: 3 }],
  ['cryptocurrency-wallet', 'value'],
  ['file', 'hashes', 'constructor'],
  ['mutex', '__proto__'],
  ['constructor', 'value']
]
const text = fc.oneof(
  fc.constantFrom(
    ...[
      '192.0.2.1',
      '192.0.2.0/24',
      '2001:DB8::1',
      'www.example.com',
      'localhost',
      'a@example.com'
    ],
    ...['https://example.com/a', a32, a40, hash('C', 64), '80', 'tcp', 'a|b', 'a\nb', '', ' ', '%'],
    ...['\u{1f600}', '\ud800', 'HKLM\\Software\\A', "it's", 'bitcoin:a']
  ),
  fc.string({ unit: 'binary', maxLength: 5 })
)
const literal = fc.oneof(
  { weight: 6, arbitrary: text.map(value => ({ kind: 'string' as const, value })) },
  fc.nat(70_000).map(value => ({ kind: 'number' as const, value })),
  fc.constant({ kind: 'timestamp' as const, value: '2026-01-01T00:00:00Z' })
)
const comparison: fc.Arbitrary<Comparison> = fc
  .record({
    place: fc.constantFrom(...places),
    operator: fc.constantFrom(...(['=', '=', '=', '=', 'IN', 'LIKE', '!=', 'ISSUBSET'] as const)),
    values: fc.array(literal, { minLength: 1, maxLength: 3 }),
    isNegated: fc.nat(20).map(n => n === 0)
  })
  .map(({ place: [object, ...path], operator, values, isNegated }) => ({
    kind: 'comparison',
    object,
    path,
    operator,
    isNegated,
    values: operator === 'IN' ? values : values.slice(0, 1)
  }))
const likelyPattern = fc
  .tuple(conditionOf(comparison), anySpelling)
  .map(([condition, spelling]) => {
    const pattern: Pattern = { kind: 'observation', condition }
    return printPattern(pattern, spelling)
  })
const indicator = fc.oneof(
  { weight: 4, arbitrary: fc.record({ pattern: likelyPattern }) },
  fc.record({
    pattern: fc.tuple(anyPattern, anySpelling).map(([tree, seed]) => printPattern(tree, seed))
  }),
  fc.record({
    pattern: fc.oneof(fc.anything(), fc.string({ unit: 'binary' })),
    pattern_type: fc.oneof(fc.anything(), fc.constantFrom('yara', 'sigma', 'snort', 'pcre'))
  })
)

const isTaken = ({ type, value }: MispValue): boolean =>
  normalise(type, value) === value &&
  valueRefusal(type, value) === undefined &&
  storedValue(type, value) === value

t.test('INV-11: whatever an indicator holds, MISP takes all that is made of it', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(indicator, stix => {
        const { attributes, objects } = map(stix.pattern, stix)
        return [...attributes, ...objects.flatMap(({ values }) => values)].every(isTaken)
      }),
      { seed, numRuns: 10_000 }
    )
  )
})

t.test('nothing is lost silently: a value, an Object or a reason for each', async t => {
  const counts = { mapped: 0, partly: 0, whole: 0, nothing: 0 }
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(indicator, stix => {
        const { attributes, objects, fallback } = map(stix.pattern, stix)
        const isText = attributes.some(({ type }) => type === 'text')
        const isWhole = objects.some(({ template }) => template === 'stix2-pattern')
        const others = attributes.length + objects.length - (isWhole ? 1 : 0)
        if (fallback === undefined) {
          counts.mapped++
          return others > 0 && !isWhole
        }
        counts[isWhole ? (others > 0 ? 'partly' : 'whole') : 'nothing']++
        if (fallback === 'pattern-type') return isText && !isWhole
        const isKnown = fallbackReasons.some(reason => reason === fallback)
        return isKnown && isWhole === !['no-pattern', 'too-long'].includes(fallback)
      }),
      { seed, numRuns: 10_000 }
    )
  )
  for (const [outcome, count] of Object.entries(counts)) t.ok(count > 100, `${outcome} ${count}`)
})

/** Facts that are fine by themselves. */
const fine = [
  "domain-name:value = 'www.example.com'",
  "ipv4-addr:value = '192.0.2.1'",
  "url:value = 'https://example.com/a'",
  "email-addr:value = 'a@example.com'",
  "network-traffic:dst_ref.value = '192.0.2.2'",
  "network-traffic:src_ref.value = '192.0.2.3'",
  'network-traffic:dst_port = 80',
  "file:name = 'a.exe'",
  `file:hashes.MD5 = '${a32}'`,
  'file:size = 1',
  "windows-registry-key:key = 'HKCU'",
  "windows-registry-key:values[*].data = 'a.exe'",
  `x509-certificate:hashes.MD5 = '${a32}'`,
  "mutex:name = 'a'",
  "cryptocurrency-wallet:value = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT'"
]

/** Hashes and wallets, which may be looked for whatever else has to hold. */
const strong = /^(?:md5|x509-fingerprint-md5|btc)$/

t.test(
  'of an AND only strong identifiers become values that are looked for one by one',
  async t => {
    const counts = { composites: 0, strong: 0, context: 0 }
    for (const joint of [' AND ', '] AND [']) {
      fc.assert(
        fc.property(fc.shuffledSubarray(fine, { minLength: 2, maxLength: 3 }), facts => {
          const { attributes, objects } = map(`[${facts.join(joint)}]`)
          const looked = attributes.filter(({ toIds }) => toIds)
          const single = looked.filter(({ type }) => !strong.test(type))
          const things = objects.filter(({ values }) => values.some(({ toIds }) => toIds))
          counts.composites += single.length
          counts.strong += looked.length - single.length
          counts.context += attributes.length - looked.length
          assert.ok(single.length + things.length <= 1, JSON.stringify(attributes))
          assert.ok(single.every(({ type }) => type.includes('|')))
        }),
        { seed, numRuns: 2000 }
      )
    }
    for (const [kind, count] of Object.entries(counts)) t.ok(count > 20, `${count} ${kind}`)
  }
)

t.test('an Object holds a value once, and nothing twice that it can have but once', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(likelyPattern, pattern =>
        map(pattern).objects.every(({ values }) => {
          const once = values.filter(
            ({ relation }) => !/^(?:layer7-protocol|language|ip|to|attachment)$/.test(relation)
          )
          const keys = values.map(({ relation, value }) => `${relation} ${value}`)
          return (
            new Set(keys).size === keys.length &&
            new Set(once.map(({ relation }) => relation)).size === once.length
          )
        })
      ),
      { seed, numRuns: 5000 }
    )
  )
})
