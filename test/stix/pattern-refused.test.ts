import t from 'tap'
import { parsePattern } from '../../src/stix/pattern/parse.ts'
import type { RefusalReason } from '../../src/stix/pattern/refusal.ts'

/** STIX patterns (STIX 2.1 §9): what is refused, why, and where. */

/** The place is that of the token or character that does not fit. */
const refused: readonly (readonly [
  title: string,
  text: string,
  reason: RefusalReason,
  at: number
])[] = [
  ['no brackets', 'file:size = 1280', 'syntax', 0],
  ['unquoted string', '[file:hashes.MD5 = cead3f77]', 'syntax', 19],
  ['`.` for `:`', '[file.size = 1280]', 'syntax', 5],
  ['lower-case within', '[foo:bar=1] within 2 SECONDS', 'syntax', 12],
  ['=?', "[file:hashes.MD5 =? 'cead3f77']", 'character', 18],
  ["b'===='", "[artifact:payload_bin = b'====']", 'literal', 24],
  ['month 13', "[x:y == t'2018-13-22T12:11:14.1Z']", 'literal', 8],
  ['WITHIN -5', '[foo:bar=1] WITHIN -5 SECONDS', 'literal', 19],
  ['missing operand', '[file:size = ]', 'syntax', 13],
  ['text after the end', '[foo:bar=1] x', 'syntax', 12],
  ['unterminated string', "[foo:bar = 'x]", 'string', 14],
  ['nothing', '', 'syntax', 0],
  ['only a comment', '/* [a:b = 1] */', 'syntax', 15],
  ['empty brackets', '[]', 'syntax', 1],
  ['an observation without end', '[a:b = 1', 'syntax', 8],
  ['a parenthesis without end', '([a:b = 1]', 'syntax', 10],
  ['a parenthesis too many', '[a:b = 1])', 'syntax', 9],
  ['a parenthesis across a bracket', '([a:b = 1)]', 'syntax', 9],
  ['two observations side by side', '[a:b = 1] [a:b = 1]', 'syntax', 10],
  ['a joint without a right side', '[a:b = 1] OR', 'syntax', 12],
  ['two joints', '[a:b = 1 AND OR a:b = 1]', 'syntax', 13],
  ['FOLLOWEDBY between comparisons', '[a:b = 1 FOLLOWEDBY a:b = 1]', 'syntax', 9],
  ['lower-case or', '[a:b = 1 or a:b = 1]', 'syntax', 9],
  ['lower-case like', "[a:b like 'x']", 'syntax', 5],
  ['upper-case TRUE', '[a:b = TRUE]', 'syntax', 7],
  ['NOT before a comparison', '[NOT a:b = 1]', 'syntax', 5],
  ['NOT twice', '[a:b NOT NOT = 1]', 'syntax', 9],
  ['EXISTS after its path', '[a:b EXISTS]', 'syntax', 5],
  ['EXISTS with a value', '[EXISTS a:b = 1]', 'syntax', 12],
  ['a literal on the left', '[1 = a:b]', 'syntax', 1],
  ['two paths', '[a:b = c:d]', 'syntax', 7],
  ['a path without a property', '[a = 1]', 'syntax', 3],
  ['a path that ends with a point', '[a:b. = 1]', 'syntax', 6],
  ['an index before a property', '[a:[0] = 1]', 'syntax', 3],
  ['an index that is not whole', '[a:b[1.0] = 1]', 'syntax', 5],
  ['an index that is a string', "[a:b['c'] = 1]", 'syntax', 5],
  ['an unquoted key with a hyphen', "[file:hashes.SHA-256 = 'x']", 'syntax', 13],
  ['a keyword as a key', '[a:START = 1]', 'syntax', 3],
  ['a keyword as an object type', '[LAST:b = 1]', 'syntax', 1],
  ['a boolean as a key', '[a:true = 1]', 'syntax', 3],
  ['a quoted object type', "['a':b = 1]", 'syntax', 1],
  ['an empty set', '[a:b IN ()]', 'syntax', 9],
  ['a set that ends with a comma', '[a:b IN (1,)]', 'syntax', 11],
  ['a set without parentheses', '[a:b IN 1]', 'syntax', 8],
  ['a set for =', '[a:b = (1)]', 'syntax', 7],
  ['an order of booleans', '[a:b < true]', 'syntax', 7],
  ['LIKE a number', '[a:b LIKE 1]', 'syntax', 10],
  ['MATCHES bytes', "[a:b MATCHES h'00']", 'syntax', 13],
  ['ISSUBSET of nothing', '[network-traffic:dst_ref.value ISSUBSET ]', 'syntax', 40],
  ['===', '[a:b === 1]', 'syntax', 7],
  ['a blank inside an operator', '[a:b > = 1]', 'syntax', 7],
  ['double quotes', '[a:b = "x"]', 'character', 7],
  ['a byte order mark', '\ufeff[a:b = 1]', 'character', 0],
  ['a comment without end', '[a:b = 1] /* x *', 'character', 10],
  ['a sign alone', '[a:b = -]', 'character', 7],
  ['an escaped n', "[a:b = 'x\\n']", 'string', 9],
  ['an escape at the end', "[a:b = 'x\\", 'string', 9],
  ['a string that ends with an escaped quote', "[a:b = 'x\\']", 'string', 12],
  ['a leading zero', '[a:b = 007]', 'literal', 7],
  ['an integer beyond 2^53', '[a:b = 9007199254740992]', 'literal', 7],
  ['a float beyond all', `[a:b = ${'9'.repeat(400)}.0]`, 'literal', 7],
  ['an exponent', '[a:b = 1e5]', 'syntax', 8],
  ['a number that ends with a point', '[a:b = 1.]', 'syntax', 8],
  ['half a byte', "[a:b = h'abc']", 'literal', 7],
  ['hexadecimal without end', "[a:b = h'ab]", 'literal', 7],
  ['no bytes in base64', "[a:b = b'']", 'literal', 7],
  ['base64 without padding', "[a:b = b'dGVzdA']", 'literal', 7],
  ['base64 of URLs', "[a:b = b'_-_-']", 'literal', 7],
  ['30 February', "[a:b = t'2024-02-30T00:00:00Z']", 'literal', 7],
  ['hour 24', "[a:b = t'2024-02-03T24:00:00Z']", 'literal', 7],
  ['an offset', "[a:b = t'2024-02-03T00:00:00+00:00']", 'literal', 7],
  ['a lower-case z', "[a:b = t'2024-02-03T00:00:00z']", 'literal', 7],
  ['a lower-case t', "[a:b = t'2024-02-03t00:00:00Z']", 'literal', 7],
  ['a date only', "[a:b = t'2024-02-03']", 'literal', 7],
  ['an upper-case letter before a literal', "[a:b = H'00']", 'syntax', 7],
  ['WITHIN other units', '[a:b = 1] WITHIN 5 HOURS', 'syntax', 19],
  ['WITHIN nothing', '[a:b = 1] WITHIN SECONDS', 'syntax', 17],
  ['WITHIN 0', '[a:b = 1] WITHIN 0 SECONDS', 'literal', 17],
  ['REPEATS 0', '[a:b = 1] REPEATS 0 TIMES', 'literal', 18],
  ['REPEATS half a time', '[a:b = 1] REPEATS 0.5 TIMES', 'syntax', 18],
  ['START without STOP', "[a:b = 1] START t'2024-02-03T00:00:00Z'", 'syntax', 39],
  ['START with a string', "[a:b = 1] START '2024-02-03T00:00:00Z'", 'syntax', 16],
  ['a qualifier twice', '[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS', 'syntax', 27],
  ['a qualifier in the brackets', '[a:b = 1 WITHIN 5 SECONDS]', 'syntax', 9]
]

for (const [title, text, reason, at] of refused)
  t.test(`refused: ${title}`, async t =>
    t.same(parsePattern(text), { kind: 'refused', reason, at })
  )

t.test('4 MiB are read, one byte more is refused', async t => {
  const pattern = "[a:b = 'é']"
  const longest = pattern + ' '.repeat(4 * 1024 * 1024 - Buffer.byteLength(pattern))
  t.equal(parsePattern(longest).kind, 'observation')
  t.same(parsePattern(`${longest} `), { kind: 'refused', reason: 'length', at: 0 })
})

t.test('100 parentheses deep is read, one more is refused', async t => {
  const nested = (outer: number, inner: number) =>
    `${'('.repeat(outer)}[${'('.repeat(inner)}a:b = 1${')'.repeat(inner)}]${')'.repeat(outer)}`
  for (const [outer, inner] of [
    [100, 0],
    [0, 100],
    [50, 50]
  ] as const) {
    t.equal(parsePattern(nested(outer, inner)).kind, 'observation')
    t.match(parsePattern(nested(outer, inner + 1)), { kind: 'refused', reason: 'nesting' })
  }
  const wide = `[${'(a:b = 1) OR '.repeat(500)}a:b = 1]`
  t.equal(parsePattern(wide).kind, 'observation', 'side by side')
  t.match(parsePattern('('.repeat(60_000)), { kind: 'refused', reason: 'nesting', at: 100 })
})

for (const [title, text] of Object.entries({
  brackets: '['.repeat(65_536),
  zeros: `[a:b = ${'0'.repeat(65_000)}`,
  signs: '+-'.repeat(32_000),
  quotes: "'".repeat(65_535),
  backslashes: `[a:b = '${'\\\\'.repeat(32_000)}`,
  'begins of comments': '/*'.repeat(32_000),
  'begins of literals': "b'".repeat(32_000),
  'a base64 with a wrong end': `[a:b = b'${'A'.repeat(65_000)}-']`,
  'a word': 'a-'.repeat(32_000),
  points: `[a:b${'.c'.repeat(32_000)}.`
})) {
  t.test(`64 kB of ${title} are refused`, async t => t.equal(parsePattern(text).kind, 'refused'))
}
