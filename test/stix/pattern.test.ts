import assert from 'node:assert/strict'
import t from 'tap'
import type { Comparison, Condition, Literal, Pattern } from '../../src/stix/pattern/ast.ts'
import { parsePattern } from '../../src/stix/pattern/parse.ts'

/** STIX patterns (STIX 2.1 §9): what is read, and as what. */

function parsed(text: string): Pattern {
  const pattern = parsePattern(text)
  assert.ok(pattern.kind !== 'refused', `${text.slice(0, 100)} is a pattern`)
  return pattern
}

function conditionOf(text: string): Condition {
  const pattern = parsed(text)
  assert.ok(pattern.kind === 'observation')
  return pattern.condition
}

function comparisonOf(text: string): Comparison {
  const condition = conditionOf(text)
  assert.ok(condition.kind === 'comparison')
  return condition
}

/** A comparison with `=`. */
function same(object: string, path: Comparison['path'], ...values: Literal[]): Comparison {
  return { kind: 'comparison', object, path, operator: '=', isNegated: false, values }
}

const string = (value: string): Literal => ({ kind: 'string', value })
const number = (value: number): Literal => ({ kind: 'number', value })

/** The tree as text with every parenthesis, a comparison being its object type alone. */
function shape(part: Pattern | Condition): string {
  if (part.kind === 'comparison') return part.object
  if (part.kind === 'observation') return `[${shape(part.condition)}]`
  if (part.kind === 'qualified')
    return `${shape(part.pattern)}${part.qualifiers.map(({ kind }) => ` ${kind}`).join('')}`
  return `(${part.terms.map(shape).join(` ${part.kind} `)})`
}

t.test("the patterns of Sekoia's feeds", async t => {
  for (const [text, object] of [
    ["[url:value = 'https://example.com/a//b?c=[d]']", 'url'],
    ["[ipv4-addr:value='192.0.2.1']", 'ipv4-addr'],
    ["[ipv4-addr:value = '192.0.2.1']", 'ipv4-addr'],
    ["[domain-name:value = 'example.com']", 'domain-name']
  ] as const) {
    const value = text.slice(text.indexOf("'") + 1, -2)
    t.same(conditionOf(text), same(object, ['value'], string(value)), text)
  }
  t.same(
    conditionOf(
      "[file:hashes.'SHA-256' = 'aa' OR file:hashes.MD5 = 'bb' OR file:hashes.'SHA-1' = 'cc']"
    ),
    {
      kind: 'or',
      terms: [
        same('file', ['hashes', 'SHA-256'], string('aa')),
        same('file', ['hashes', 'MD5'], string('bb')),
        same('file', ['hashes', 'SHA-1'], string('cc'))
      ]
    }
  )
  t.same(
    conditionOf("[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 82]"),
    {
      kind: 'and',
      terms: [
        same('network-traffic', ['dst_ref', 'value'], string('192.0.2.1')),
        same('network-traffic', ['dst_port'], number(82))
      ]
    }
  )
})

const accepted: Record<string, string> = {
  '( [(network-traffic:dst_port IN(443,6443) AND network-traffic:src_packets != 0) ])':
    '[(network-traffic and network-traffic)]',
  "[a:b = 'it\\'s \\\\ ok'] OR [c:d NOT LIKE 'x%']": '([a] or [c])',
  "[file:extensions.'ntfs-ext'.sid = '1']": '[file]',
  "[x:y == t'2018-03-22T12:11:14.1Z']": '[x]',
  '[foo:bar=1] REPEATS 9 TIMES': '[foo] repeats',
  "[a:b='x'OR c:d='y'AND/**/e:f=1]AND[g:h=2]": '([(a or (c and e))] and [g])',
  '[a:b=1]WITHIN 5SECONDS': '[a] within',
  "[a:b = 1] START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00.5Z' REPEATS 2 TIMES":
    '[a] start-stop repeats',
  '([a:b = 1] WITHIN 5 SECONDS) WITHIN 0.5 SECONDS': '[a] within within',
  '(((([((a:b = 1))]))))': '[a]'
}

for (const [text, tree] of Object.entries(accepted))
  t.test(`accepted: ${text}`, async t => t.equal(shape(parsed(text)), tree))

t.test('FOLLOWEDBY binds loosest, then OR, then AND, then qualifiers', async t => {
  const text =
    '[a:b=1] OR [b:b=1] AND [c:b=1] WITHIN 2 SECONDS FOLLOWEDBY [d:b=1] AND [e:b=1] OR [f:b=1]'
  t.equal(shape(parsed(text)), '(([a] or ([b] and [c] within)) followed-by (([d] and [e]) or [f]))')
  t.equal(shape(parsed('[a:b=1 OR b:b=1 AND c:b=1 OR d:b=1]')), '[(a or (b and c) or d)]')
})

t.test('parentheses make a part of what is in them, also where it is of the same kind', async t => {
  t.equal(shape(parsed('[(a:b=1 OR b:b=1) AND c:b=1]')), '[((a or b) and c)]')
  t.equal(shape(parsed('[a:b=1 OR (b:b=1 OR c:b=1)]')), '[(a or (b or c))]')
  t.equal(
    shape(parsed('([a:b=1] FOLLOWEDBY [b:b=1]) WITHIN 9 SECONDS AND ([c:b=1] OR [d:b=1])')),
    '(([a] followed-by [b]) within and ([c] or [d]))'
  )
})

t.test('qualifiers come with their numbers and times', async t => {
  t.same(
    parsed(
      "[a:b = 1] REPEATS 3 TIMES WITHIN 1.5 SECONDS START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00.50Z'"
    ),
    {
      kind: 'qualified',
      pattern: { kind: 'observation', condition: same('a', ['b'], number(1)) },
      qualifiers: [
        { kind: 'repeats', times: 3 },
        { kind: 'within', seconds: 1.5 },
        { kind: 'start-stop', start: '2024-01-01T00:00:00Z', stop: '2024-01-02T00:00:00.50Z' }
      ]
    }
  )
})

for (const [written, operator] of [
  ['=', '='],
  ['==', '='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  [' LIKE', 'LIKE'],
  [' MATCHES', 'MATCHES'],
  [' ISSUBSET', 'ISSUBSET'],
  [' ISSUPERSET', 'ISSUPERSET']
] as const) {
  t.test(`${written.trim()} is read as ${operator}, with NOT or without`, async t => {
    const expected = { ...same('a', ['b'], string('x')), operator }
    t.same(conditionOf(`[a:b${written}'x']`), expected)
    t.same(conditionOf(`[a:b NOT ${written.trim()} 'x']`), { ...expected, isNegated: true })
  })
}

t.test('IN has one value or more, of any kind', async t => {
  const { operator, values } = comparisonOf("[a:b IN (1, 'x', true, t'2024-02-29T00:00:00Z')]")
  t.equal(operator, 'IN')
  t.same(values, [
    number(1),
    string('x'),
    { kind: 'boolean', value: true },
    { kind: 'timestamp', value: '2024-02-29T00:00:00Z' }
  ])
  t.same(comparisonOf('[a:b NOT IN (1)]').isNegated, true)
})

t.test('EXISTS stands before its path and has no value', async t => {
  const exists = { ...same('a', ['b', 'c']), operator: 'EXISTS' }
  t.same(conditionOf('[EXISTS a:b.c]'), exists)
  t.same(conditionOf('[NOT EXISTS a:b.c]'), { ...exists, isNegated: true })
  t.equal(shape(parsed('[EXISTS a:b AND NOT EXISTS c:d]')), '[(a and c)]')
})

for (const [written, path] of [
  ['x:a', ['a']],
  ["x:'a b'.c", ['a b', 'c']],
  ["x:a.'it\\'s'.'\\\\'", ['a', "it's", '\\']],
  ['x:a[0].b[*]', ['a', { index: 0 }, 'b', { index: '*' }]],
  ['x:a[12][-1]', ['a', { index: 12 }, { index: -1 }]],
  ["x:'AND'.'true'", ['AND', 'true']],
  ['x:And.h.b.t', ['And', 'h', 'b', 't']],
  ['x : a . /* */ b [ * ]', ['a', 'b', { index: '*' }]]
] as const) {
  t.test(`the path ${written}`, async t => t.same(comparisonOf(`[${written} = 1]`).path, path))
}

for (const [written, literal] of [
  ['0', number(0)],
  ['+5', number(5)],
  ['-12', number(-12)],
  ['9007199254740991', number(Number.MAX_SAFE_INTEGER)],
  ['7.0', number(7)],
  ['.5', number(0.5)],
  ['-00.25', number(-0.25)],
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ["''", string('')],
  ["'a // b /* c */'", string('a // b /* c */')],
  ["'\\'\\\\n'", string("'\\n")],
  ["'é 🐘\n'", string('é 🐘\n')],
  ["h''", { kind: 'binary', value: Buffer.alloc(0) }],
  ["h'fFd8'", { kind: 'binary', value: Buffer.from([0xff, 0xd8]) }],
  ["b'dGVzdA=='", { kind: 'binary', value: Buffer.from('test') }],
  ["b'dGVz'", { kind: 'binary', value: Buffer.from('tes') }],
  [
    "t'2024-02-29T23:59:59.123456789Z'",
    { kind: 'timestamp', value: '2024-02-29T23:59:59.123456789Z' }
  ]
] as const) {
  t.test(`the literal ${written}`, async t =>
    t.strictSame(comparisonOf(`[a:b = ${written}]`).values, [literal])
  )
}

t.test('white space of Unicode and both kinds of comments are skipped', async t => {
  const text =
    "\u00a0// [x:y = 1]\r\n[\u2003a:b /* ' ] // */ =\u3000'c'\u0085]/**//***/ REPEATS // 3\r2 TIMES // end"
  t.equal(shape(parsed(text)), '[a] repeats')
})

t.test('minus zero is zero', async t => {
  const [literal] = comparisonOf('[a:b = -0]').values
  t.ok(Object.is(literal?.value, 0))
})

t.test('64 kB of comparisons are read whole', async t => {
  const condition = conditionOf(`[a:b=1${' OR a:b=1'.repeat(7_000)}]`)
  t.equal(condition.kind === 'or' && condition.terms.length, 7_001)
})
