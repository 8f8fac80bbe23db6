import assert from 'node:assert/strict'
import t from 'tap'
import { parsePattern } from '../../src/stix/pattern/parse.ts'
import { pathText, toTerms } from '../../src/stix/pattern/terms.ts'

/** A pattern as a disjunction of conjunctions, each comparison shown by its object type. */
function termsOf(text: string): string[] | undefined {
  const pattern = parsePattern(text)
  assert.ok(pattern.kind !== 'refused', `${text.slice(0, 100)} is a pattern`)
  return toTerms(pattern)?.map(term => term.map(({ object }) => object).join('+'))
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
  ['[a:b != 1 AND a:b NOT IN (1)]', ['a+a']]
] as const) {
  t.test(`${text} has the terms ${terms.join(', ')}`, async t => t.same(termsOf(text), terms))
}

for (const [title, text] of [
  ['FOLLOWEDBY', '[a:b = 1] FOLLOWEDBY [b:b = 1]'],
  ['AND between observations', '[a:b = 1] AND [b:b = 1]'],
  ['AND between observations beside OR', '[a:b = 1] OR [b:b = 1] AND [c:b = 1]'],
  ['a qualifier', '[a:b = 1] WITHIN 5 SECONDS'],
  ['a qualifier inside OR', '[a:b = 1] OR ([b:b = 1] REPEATS 2 TIMES)'],
  ['a qualifier around OR', '([a:b = 1] OR [b:b = 1]) WITHIN 5 SECONDS']
] as const) {
  t.test(`no terms: ${title}`, async t => t.equal(termsOf(text), undefined))
}

t.test('64 terms are given, one more is too many', async t => {
  const either = (n: number) => `(${joined(n, 'OR')})`
  t.equal(termsOf(`[${joined(64, 'OR')}]`)?.length, 64)
  t.equal(termsOf(`[${joined(65, 'OR')}]`), undefined)
  t.equal(termsOf(joined(64, 'OR', '[a:b = 1]'))?.length, 64)
  t.equal(termsOf(joined(65, 'OR', '[a:b = 1]')), undefined)
  t.equal(termsOf(`[${joined(6, 'AND', either(2))}]`)?.length, 64)
  t.equal(termsOf(`[${either(5)} AND ${either(13)}]`), undefined)
})

t.test('64 comparisons in a term are given, one more is too many', async t => {
  t.equal(termsOf(`[${joined(64, 'AND')}]`)?.[0]?.split('+').length, 64)
  t.equal(termsOf(`[${joined(65, 'AND')}]`), undefined)
  t.equal(termsOf(`[a:b = 1 OR ${joined(65, 'AND')}]`), undefined)
})

t.test('what would be 2^1000 terms, or is 64 kB long, has none', async t => {
  t.equal(termsOf(`[${joined(1_000, 'AND', '(a:b = 1 OR b:b = 1)')}]`), undefined)
  t.equal(termsOf(`[${joined(5_000, 'AND')}]`), undefined)
  t.equal(termsOf(joined(5_000, 'OR', '[a:b = 1]')), undefined)
  const deep = `${'(a:b = 1 OR b:b = 1) AND (a:b = 1 OR '.repeat(90)}a:b = 1${')'.repeat(90)}`
  t.equal(termsOf(`[${deep}]`), undefined)
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
