import t from 'tap'
import type { Mapped } from '../../src/misp/mapping/model.ts'
import { mapIndicator, mapInPieces } from '../../src/misp/mapping/pattern/pattern.ts'

/**
 * The work of a mapping grows in step with the length of the pattern, whatever it is. It is counted as characters that
 * regular expressions look at, which is all that looks at them: of a match what it spans from where it began to look,
 * of none the rest of the text, unless the expression is tied to one place.
 */

const map = (pattern: string): Mapped =>
  mapIndicator({ id: 'indicator--1', type: 'indicator', pattern, pattern_type: 'stix' })

const { exec } = RegExp.prototype

function stepsOf(run: () => unknown): number {
  let steps = 0
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    const from = this.global || this.sticky ? this.lastIndex : 0
    const found = exec.call(this, text)
    const isTied = this.sticky || this.source.startsWith('^')
    if (found) steps += found.index - from + found[0].length + 1
    else steps += isTied ? 1 : text.length - from + 1
    return found
  }
  try {
    run()
    return steps
  } finally {
    RegExp.prototype.exec = exec
  }
}

const many = (count: number, part: (n: number) => string, between: string): string =>
  Array.from({ length: count }, (_, n) => part(n)).join(between)
const address = (n: number): string =>
  `10.${100 + (n >> 16)}.${100 + ((n >> 8) & 63)}.${100 + (n & 63)}`
const hash = (n: number): string => n.toString(16).padStart(32, '0')

const families: Readonly<Record<string, (n: number) => string>> = {
  'alternatives of one observation': n =>
    `[${many(n, n => `ipv4-addr:value = '${address(n)}'`, ' OR ')}]`,
  'observations that OR joins': n => many(n, n => `[ipv4-addr:value = '${address(n)}']`, ' OR '),
  'values of IN': n => `[ipv4-addr:value IN (${many(n, n => `'${address(n)}'`, ', ')})]`,
  'hashes of several files': n => `[${many(n, n => `file:hashes.MD5 = '${hash(n)}'`, ' OR ')}]`,
  'defanged URLs': n =>
    `[${many(n, n => `url:value = 'hxxp://a${1000 + n}[.]example(.)com/'`, ' OR ')}]`,
  'brackets in brackets': n => `${'['.repeat(n)}a:b = 1${']'.repeat(n)}`,
  'parentheses in parentheses': n => `[${'('.repeat(n)}a:b = 1${')'.repeat(n)}]`,
  'parentheses side by side': n => `[${'(a:b = 1) AND '.repeat(n)}a:b = 1]`,
  'quotes without an end': n => `[a:b = '${"\\'".repeat(n)}`,
  'lone backslashes': n => `[file:name = 'C:${'\\a'.repeat(n)}']`,
  'comments without an end': n => `[a:b = 1 ${'/* '.repeat(n)}`,
  blanks: n => `${' '.repeat(n)}[a:b = 1`,
  'begins of rules': n => `${'import "a" '.repeat(n)}[a:b`,
  'lines that are no rule': n => 'title\n'.repeat(n),
  'steps of a path': n => `[a:b${'.c'.repeat(n)} = 1]`
}

t.setTimeout(300_000)

for (const [title, textOf] of Object.entries(families)) {
  t.test(`the work is linear in ${title}`, async t => {
    map(textOf(10))
    const [one, two, three] = [500, 1000, 1500].map(n => stepsOf(() => map(textOf(n))))
    const grown = [two! - one!, three! - two!] as const
    t.ok(one! > 0, 'something was looked at')
    t.ok(grown[1] <= grown[0] * 1.05, `${one}, ${two}, ${three}`)
  })
}

t.test('10 MB are not read', async t => {
  const pattern = `[${many(350_000, n => `ipv4-addr:value = '${address(n)}'`, ' OR ')}]`
  t.ok(pattern.length > 10_000_000)
  t.equal(map(pattern).fallback, 'too-long')
  t.ok(stepsOf(() => map(pattern)) < 8 * pattern.length, 'but as text of some other language')
})

t.test('100,000 alternatives are all mapped, 100,000 brackets go out whole', async t => {
  const pattern = many(100_000, n => `[mutex:name='${n}']`, 'OR')
  t.equal(map(pattern).attributes.length, 100_000)
  const nested = (before: string, after: string) =>
    map(`${before.repeat(100_000)}a:b = 1${after.repeat(100_000)}`).fallback
  t.equal(nested('[', ']'), 'too-long')
  t.equal(nested('(', ')'), 'too-long')
  t.equal(map(`${'['.repeat(30_000)}a:b = 1${']'.repeat(30_000)}`).fallback, 'unparsed')
})

for (const [title, part] of [
  ['URLs', (n: number) => `url:value = 'http://example.com/${n}'`],
  ['hashes', (n: number) => `file:hashes.MD5 = '${hash(n)}'`]
] as const)
  t.test(`a pattern of 10,000 ${title} is mapped in hundreds of pieces`, async t => {
    const pattern = `[${many(10_000, part, ' OR ')}]`
    const work = mapInPieces({ id: 'indicator--1', type: 'indicator', pattern })
    let pieces = 1
    let step = work.next()
    for (; !step.done; step = work.next()) pieces++
    t.equal(step.value.attributes.length, 10_000)
    t.ok(pieces > 350, `${pieces}`)
  })
