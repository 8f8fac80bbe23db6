import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { atOnce } from '../../src/kernel/give-way.ts'
import { toAlternatives } from '../../src/stix/pattern/alternatives.ts'
import type { Comparison, Condition, Pattern } from '../../src/stix/pattern/ast.ts'
import { parsePattern, readPattern } from '../../src/stix/pattern/parse.ts'
import { PatternError, refusalReasons } from '../../src/stix/pattern/refusal.ts'
import { maxComparisons, maxProduct } from '../../src/stix/pattern/terms.ts'
import { TokenReader } from '../../src/stix/pattern/token-reader.ts'
import { type Token, tokenize } from '../../src/stix/pattern/tokens.ts'
import { printPattern } from '../support/pattern-printer.ts'
import { anyPattern, anySpelling, conditionOf, junctionOf } from '../support/patterns.ts'

const seed = 20_261_124

t.setTimeout(120_000)

const anyText = fc
  .tuple(anyPattern, anySpelling)
  .map(([tree, spelling]) => printPattern(tree, spelling))

t.test('a tree written in any spelling is read as the same tree', async t => {
  const isReadBack = fc.property(anyPattern, anySpelling, (tree, spelling) => {
    assert.deepEqual(parsePattern(printPattern(tree, spelling)), tree)
  })
  fc.assert(isReadBack, { seed, numRuns: 2000 })
  t.pass()
})

const soup = fc
  .array(
    fc.constantFrom(
      ...'[ ] ( ) , . : * = == != <> < <= >= AND OR NOT IN LIKE EXISTS FOLLOWEDBY START STOP WITHIN'.split(
        ' '
      ),
      ...'SECONDS REPEATS TIMES LAST true a b h t x-y a:b [a:b=1] \\ " ? - + 0 5 -5 .5 1.5 007'.split(
        ' '
      ),
      ...["'", "''", "'x'", "h'", "h'0a'", "b'AA=='", "t'", "t'2024-02-29T00:00:00Z'", "\\'"],
      ...[' ', '\n', '/*', '*/', '//', '\u0000', '\ud800', '\ufeff', '🐘']
    ),
    { maxLength: 40 }
  )
  .chain(parts => fc.constantFrom('', ' ').map(between => parts.join(between)))

const mutated = fc
  .tuple(anyText, fc.array(fc.tuple(fc.nat(), fc.nat(3), soup), { minLength: 1, maxLength: 3 }))
  .map(([text, edits]) =>
    edits.reduce((edited, [place, length, added]) => {
      const at = place % (edited.length + 1)
      return edited.slice(0, at) + added.slice(0, length) + edited.slice(at + length)
    }, text)
  )

for (const [title, texts] of Object.entries({
  'any string': fc.string({ unit: 'binary' }),
  'any soup of tokens': soup,
  'any pattern after some edits': mutated
})) {
  t.test(
    `${title} is a pattern that survives its spelling, or refused at a place in it`,
    async t => {
      const isDecided = fc.property(texts, anySpelling, (text, spelling) => {
        const read = parsePattern(text)
        if (read.kind !== 'refused')
          assert.deepEqual(parsePattern(printPattern(read, spelling)), read)
        else {
          assert.ok(refusalReasons.includes(read.reason))
          assert.ok(read.at >= 0 && read.at <= text.length)
        }
      })
      fc.assert(isDecided, { seed, numRuns: 3000 })
      t.pass()
    }
  )
}

t.test(
  'tokens stand in the text one after the other with nothing but blanks between them',
  async t => {
    const isCovered = fc.property(anyText, text => {
      let end = 0
      for (const token of atOnce(tokenize(text))) {
        assert.ok(token.at >= end)
        assert.ok(text.startsWith(token.text, token.at))
        assert.equal(atOnce(tokenize(text.slice(end, token.at))).length, 1, 'only the end')
        end = token.at + token.text.length
      }
      assert.equal(end, text.length)
    })
    fc.assert(isCovered, { seed, numRuns: 500 })
    t.pass()
  }
)

const families: Record<string, (n: number) => string> = {
  'comparisons joined by OR': n => `[a:b = 1${' OR a:b = 1'.repeat(n)}]`,
  'comparisons joined by AND and OR': n => `[a:b = 1${' AND a:b = 1 OR a:b = 2'.repeat(n)}]`,
  'comparisons in parentheses': n => `[a:b = 1${' AND ((a:b = 1) OR a:b = 2)'.repeat(n)}]`,
  'values of a set': n => `[a:b IN (1${', 1'.repeat(n)})]`,
  'steps of a path': n => `[a:b${".c[*].'d'".repeat(n)} = 1]`,
  'observations joined by OR': n => `[a:b = 1]${' OR [a:b = 1]'.repeat(n)}`,
  'observations joined by AND': n => `[a:b = 1]${' AND ([a:b = 1])'.repeat(n)}`,
  'observations one after the other': n => `[a:b = 1]${' FOLLOWEDBY [a:b = 1]'.repeat(n)}`,
  'qualified observations': n =>
    `[a:b = 1]${' OR [a:b = 1] REPEATS 2 TIMES WITHIN 5 SECONDS'.repeat(n)}`,
  'a bracket left open': n => `[a:b = 1${' OR a:b = 1'.repeat(n)}`,
  'parentheses left open': n =>
    `${'([a:b = 1] OR '.repeat(90)}[a:b = 1${' OR (a:b = 1)'.repeat(n)}]`,
  'no operator at the end': n => `[a:b = 1${' OR a:b = 1'.repeat(n)} OR a:b]`
}

for (const [title, textOf] of Object.entries(families)) {
  t.test(`work grows in step with the text: ${title}`, async t => {
    const [one, two, three] = [200, 400, 600].map(n => readsOf(textOf(n)))
    t.ok(one! > 200, 'the text was read')
    t.equal(three! - two!, two! - one!)
  })
}

/** How often the parser looks at a token. */
function readsOf(text: string): number {
  let reads = 0
  const tokens = new Proxy(atOnce(tokenize(text)), {
    get(target: readonly Token[], key, receiver) {
      reads++
      return Reflect.get(target, key, receiver)
    }
  })
  try {
    readPattern(new TokenReader(tokens))
  } catch (error) {
    assert.ok(error instanceof PatternError)
  }
  return reads
}

const names = ['a', 'b', 'c', 'd', 'e'] as const
const proposition = fc.constantFrom(...names).map(
  (name): Comparison => ({
    kind: 'comparison',
    object: name,
    path: ['value'],
    operator: 'EXISTS',
    isNegated: false,
    values: []
  })
)
const observation = conditionOf(proposition).map(
  (condition): Pattern => ({ kind: 'observation', condition })
)
const junctions = fc.letrec<{ pattern: Pattern }>(tie => ({
  pattern: fc.oneof(
    { depthSize: 'small' },
    observation,
    junctionOf(tie('pattern')).map((junction): Pattern => junction)
  )
})).pattern

const assignments = Array.from(
  { length: 2 ** names.length },
  (_, bits) => new Set<string>(names.filter((_, n) => bits & (1 << n)))
)

t.test(
  'some alternative is true where the pattern is, for every truth of its comparisons',
  async t => {
    let found = 0
    const isEquivalent = fc.property(junctions, pattern => {
      const { count, width } = sizeOf(pattern)
      const isSmall = count <= maxProduct && count * width <= maxComparisons
      const alternatives = toAlternatives(pattern)
      if (isSmall) assert.ok(alternatives, 'undefined only when too large')
      if (!alternatives) return
      found++
      if (count > 1000) return
      for (const facts of assignments) {
        const isTrue = alternatives.some(({ observations }) =>
          observations.every(term => term.every(({ object }) => facts.has(object)))
        )
        assert.equal(isTrue, holds(pattern, facts))
      }
    })
    fc.assert(isEquivalent, { seed, numRuns: 3000 })
    t.ok(found > 1000, 'most have terms')
  }
)

function holds(part: Pattern | Condition, facts: ReadonlySet<string>): boolean {
  if (part.kind === 'comparison') return facts.has(part.object)
  if (part.kind === 'observation') return holds(part.condition, facts)
  assert.ok(part.kind === 'and' || part.kind === 'or')
  const truths = part.terms.map(term => holds(term, facts))
  return part.kind === 'and' ? truths.every(Boolean) : truths.some(Boolean)
}

/** How many terms there would be, and comparisons in the largest. */
function sizeOf(part: Pattern | Condition): { count: number; width: number } {
  if (part.kind === 'observation') return sizeOf(part.condition)
  if (part.kind !== 'and' && part.kind !== 'or') return { count: 1, width: 1 }
  const sizes = part.terms.map(sizeOf)
  const counts = sizes.map(({ count }) => count)
  const widths = sizes.map(({ width }) => width)
  const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0)
  return part.kind === 'or'
    ? { count: sum(counts), width: Math.max(...widths) }
    : { count: counts.reduce((all, count) => all * count, 1), width: sum(widths) }
}
