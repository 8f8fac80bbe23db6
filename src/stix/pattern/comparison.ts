import type { Comparison, Condition, Literal, Operator, PathStep } from './ast.ts'
import type { TokenReader } from './token-reader.ts'

/** What stands between the brackets of an observation: comparisons, AND binding tighter than OR. */

type ReadValues = (reader: TokenReader) => readonly Literal[]

const orderable = ['string', 'number', 'binary', 'timestamp'] as const
const readAny = (reader: TokenReader) => reader.literal('boolean', ...orderable)

const one: ReadValues = reader => [readAny(reader)]
const ordered: ReadValues = reader => [reader.literal(...orderable)]
const string: ReadValues = reader => [reader.literal('string')]
const set: ReadValues = reader => reader.nested(() => reader.series(',', () => readAny(reader)))

const operators: ReadonlyMap<string, readonly [Operator, ReadValues]> = new Map([
  ['=', ['=', one]],
  ['==', ['=', one]],
  ['!=', ['!=', one]],
  ['<>', ['!=', one]],
  ['<', ['<', ordered]],
  ['<=', ['<=', ordered]],
  ['>', ['>', ordered]],
  ['>=', ['>=', ordered]],
  ['IN', ['IN', set]],
  ['LIKE', ['LIKE', string]],
  ['MATCHES', ['MATCHES', string]],
  ['ISSUBSET', ['ISSUBSET', string]],
  ['ISSUPERSET', ['ISSUPERSET', string]]
])

/** @throws PatternError */
export function readCondition(reader: TokenReader): Condition {
  return reader.junction<Condition>('or', () =>
    reader.junction<Condition>('and', () => readOperand(reader))
  )
}

function readOperand(reader: TokenReader): Condition {
  if (reader.token.text === '(') return reader.nested(() => readCondition(reader))
  const hasNot = reader.accept('NOT')
  if (reader.accept('EXISTS')) return readExists(reader, hasNot)
  return hasNot ? reader.refuse() : readComparison(reader)
}

function readExists(reader: TokenReader, isNegated: boolean): Comparison {
  return { kind: 'comparison', ...readPath(reader), operator: 'EXISTS', isNegated, values: [] }
}

function readComparison(reader: TokenReader): Comparison {
  const { object, path } = readPath(reader)
  const isNegated = reader.accept('NOT')
  const symbol = reader.mark
  const [operator, readValues] = operators.get(symbol) ?? reader.refuse()
  reader.expect(symbol)
  return { kind: 'comparison', object, path, operator, isNegated, values: readValues(reader) }
}

function readPath(reader: TokenReader): Pick<Comparison, 'object' | 'path'> {
  const object = reader.name()
  reader.expect(':')
  const path: PathStep[] = [readKey(reader)]
  for (;;) {
    if (reader.accept('.')) path.push(readKey(reader))
    else if (reader.accept('[')) path.push(readIndex(reader))
    else return { object, path }
  }
}

/** Quoted, or without a hyphen, which only object types have unquoted. */
const readKey = (reader: TokenReader): string =>
  reader.token.kind === 'literal' ? reader.literal('string').value : reader.key()

function readIndex(reader: TokenReader): PathStep {
  const index = reader.accept('*') ? '*' : reader.integer()
  reader.expect(']')
  return { index }
}
