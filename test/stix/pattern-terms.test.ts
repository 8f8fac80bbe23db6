import assert from 'node:assert/strict'
import t from 'tap'
import { toAlternatives } from '../../src/stix/pattern/alternatives.ts'
import { parsePattern } from '../../src/stix/pattern/parse.ts'
import { pathText } from '../../src/stix/pattern/terms.ts'

/**
 * The ways in which a pattern matches: comparisons are shown by their object type, joined by `+`, observations by `&`,
 * and kinds of qualifiers after a blank.
 */
function waysOf(text: string): string[] | undefined {
  const pattern = parsePattern(text)
  assert.ok(pattern.kind !== 'refused', `${text.slice(0, 100)} is a pattern`)
  return toAlternatives(pattern)?.map(({ observations, qualifiers }) => {
    const all = observations.map(term => term.map(({ object }) => object).join('+')).join('&')
    return [all, ...qualifiers.map(({ kind }) => kind)].join(' ')
  })
}

const joined = (count: number, word: string, part = 'a:b = 1'): string =>
  Array.from({ length: count }, () => part).join(` ${word} `)

for (const [text, terms] of [
  ['[a:b = 1]', ['a']],
  ['[a:b = 1 OR b:b = 1]', ['a', 'b']],
  ['[a:b = 1 AND b:b = 1]', ['a+b']],
  ['[a:b = 1 OR b:b = 1 AND c:b = 1]', ['a', 'b+c']],
  ['[(a:b = 1 OR b:b = 1) AND (c:b = 1 OR d:b = 1)]', ['a+c', 'a+d', 'b+c', 'b+d']],
  ['[a:b = 1] OR [b:b = 1 AND c:b = 1]', ['a', 'b+c']],
  ['([a:b = 1] OR ([b:b = 1])) OR [c:b = 1]', ['a', 'b', 'c']],
  ['[a:b != 1 AND a:b NOT IN (1)]', ['a+a']],
  ['[a:b = 1] AND [b:b = 1]', ['a&b']],
  ['[a:b = 1] OR [b:b = 1 AND d:b = 1] AND [c:b = 1]', ['a', 'b+d&c']],
  ['[a:b = 1 OR b:b = 1] AND ([c:b = 1] OR [d:b = 1])', ['a&c', 'a&d', 'b&c', 'b&d']],
  ['[a:b = 1] WITHIN 5 SECONDS', ['a within']],
  ['[a:b = 1] OR ([b:b = 1] REPEATS 2 TIMES)', ['a', 'b repeats']],
  ['([a:b = 1] OR [b:b = 1]) WITHIN 5 SECONDS', ['a within', 'b within']],
  ['([a:b = 1] REPEATS 2 TIMES AND [b:b = 1]) WITHIN 5 SECONDS', ['a&b repeats within']]
] as const) {
  t.test(`${text} matches as ${terms.join(', ')}`, async t => t.same(waysOf(text), terms))
}

for (const text of [
  '[a:b = 1] FOLLOWEDBY [b:b = 1]',
  '[c:b = 1] OR ([a:b = 1] FOLLOWEDBY [b:b = 1])',
  '[c:b = 1] AND ([a:b = 1] FOLLOWEDBY [b:b = 1])'
]) {
  t.test(`an order has no ways: ${text}`, async t => t.equal(waysOf(text), undefined))
}

t.test('10,000 ways are made by AND, one more is too many', async t => {
  const either = (n: number) => `(${joined(n, 'OR')})`
  const observed = (n: number) => `(${joined(n, 'OR', '[a:b = 1]')})`
  t.equal(waysOf(`[${either(100)} AND ${either(100)}]`)?.length, 10_000)
  t.equal(waysOf(`[${either(100)} AND ${either(101)}]`), undefined)
  t.equal(waysOf(`${observed(100)} AND ${observed(100)}`)?.length, 10_000)
  t.equal(waysOf(`${observed(100)} AND ${observed(101)}`), undefined)
})

t.test('100,000 ways are made by OR, one more is too many', async t => {
  t.equal(waysOf(`[${joined(100_000, 'OR')}]`)?.length, 100_000)
  t.equal(waysOf(`[${joined(100_001, 'OR')}]`), undefined)
  t.equal(waysOf(joined(100_000, 'OR', '[a:b = 1]'))?.length, 100_000)
  t.equal(waysOf(joined(100_001, 'OR', '[a:b = 1]')), undefined)
})

t.test('100,000 comparisons in all are given, one more is too many', async t => {
  const wide = (n: number) => `(a:b = 1 OR b:b = 1) AND ${joined(n, 'AND')}`
  t.equal(waysOf(`[${wide(49_999)}]`)?.length, 2)
  t.equal(waysOf(`[${wide(50_000)}]`), undefined)
  t.equal(waysOf(`[${wide(24_999)}] OR [${wide(24_999)}]`)?.length, 4)
  t.equal(waysOf(`[${wide(24_999)}] OR [${wide(25_000)}]`), undefined, 'over all observations')
})

t.test('64 observations in one way are given, one more is too many', async t => {
  t.equal(waysOf(joined(64, 'AND', '[a:b = 1]'))?.length, 1)
  t.equal(waysOf(joined(65, 'AND', '[a:b = 1]')), undefined)
  t.equal(waysOf(joined(5, 'AND', `(${joined(13, 'AND', '[a:b = 1]')})`)), undefined, 'nested')
})

t.test('what would be 2^1000 ways has none', async t => {
  t.equal(waysOf(`[${joined(1_000, 'AND', '(a:b = 1 OR b:b = 1)')}]`), undefined)
  const deep = `${'(a:b = 1 OR b:b = 1) AND (a:b = 1 OR '.repeat(90)}a:b = 1${')'.repeat(90)}`
  t.equal(waysOf(`[${deep}]`), undefined)
})

for (const [written, text] of [
  ['url:value', 'value'],
  ["file:hashes.'SHA-256'", 'hashes.SHA-256'],
  ["file:hashes.'MD5'", 'hashes.MD5'],
  ["file:'hashes'.MD5", 'hashes.MD5'],
  ['windows-registry-key:values[*].data', 'values[*].data'],
  ['windows-registry-key:values[ 0 ].data', 'values[0].data'],
  [
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
    'extensions.http-request-ext.request_header.User-Agent'
  ],
  ['network-traffic:dst_ref.value', 'dst_ref.value']
] as const) {
  t.test(`the path of ${written} is ${text}`, async t => {
    const pattern = parsePattern(`[${written} = '']`)
    assert.ok(pattern.kind === 'observation' && pattern.condition.kind === 'comparison')
    t.equal(pathText(pattern.condition), text)
  })
}
