import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Spelling } from '../../src/stix/pattern/lenient.ts'
import { parsePattern } from '../../src/stix/pattern/parse.ts'
import { printPattern } from '../support/pattern-printer.ts'
import { anyPattern, anySpelling } from '../support/patterns.ts'

/** Patterns that are nearly STIX: what is read as meant, and what is still refused. */

const seed = 20_261_127

for (const [text, meant, ...spellings] of [
  ["[file:hashes.SHA-256 = 'a']", "[file:hashes.'SHA-256' = 'a']", 'unquoted-key'],
  ['[a:b = "c"]', "[a:b = 'c']", 'double-quotes'],
  [`[a:b = "it's"]`, "[a:b = 'it\\'s']", 'double-quotes'],
  ["[a:b = ‘c’ AND a:d = “it's”]", "[a:b = 'c' AND a:d = 'it\\'s']", 'typographic-quotes'],
  ["[a:b = 'C:\\dir']", "[a:b = 'C:\\\\dir']", 'lone-backslash'],
  [
    "[a:b = 'c' and not exists d:e or a:b in ('f')]",
    "[a:b = 'c' AND NOT EXISTS d:e OR a:b IN ('f')]",
    'letter-case'
  ],
  [
    '[a:b = 1] followedby [a:b = True] within 5 seconds',
    '[a:b = 1] FOLLOWEDBY [a:b = true] WITHIN 5 SECONDS',
    'letter-case'
  ],
  ['a:b = 1 OR a:b = 2', '[a:b = 1 OR a:b = 2]', 'no-brackets']
] as const) {
  t.test(`${text} is read as ${meant}`, async t => {
    const seen = new Set<Spelling>()
    const read = parsePattern(text, seen)
    const plain = parsePattern(meant)
    t.strictSame(read, plain)
    t.strictSame([...seen], spellings)
    t.equal(parsePattern(text).kind, 'refused', 'no near-valid spelling is STIX')
  })
}

for (const text of [
  "[url:value = 'https://www.example.com/it's']",
  "[a:b = 'C:\\dir' AND a:c = 'D:\\\\dir']",
  "[a:b = 'C:\\dir\\']",
  '[a:b = "C:\\\\dir"]',
  'a:b = 1 AND a:c = 2',
  'a:b = 1 OR a:b = 2 AND a:c = 3',
  "[a:b = ‘c']",
  '[file:hashes.MD5 = cead3f77]',
  'a:b = 1 OR [c:d = 3]',
  '[a.b = 1]',
  '[a:b = 1',
  ''
]) {
  t.test(`two readings, or none: ${text}`, async t =>
    t.equal(parsePattern(text, new Set()).kind, 'refused')
  )
}

t.test('what is STIX is read the same where near-valid spellings are accepted', async t => {
  fc.assert(
    fc.property(anyPattern, anySpelling, (tree, spelling) => {
      const seen = new Set<Spelling>()
      assert.deepEqual(parsePattern(printPattern(tree, spelling), seen), tree)
      assert.equal(seen.size, 0)
    }),
    { seed, numRuns: 1000 }
  )
  t.pass()
})
