import { atOnce, type Work } from '../../kernel/give-way.ts'
import type { Condition, Pattern, Qualifier } from './ast.ts'
import { readCondition } from './comparison.ts'
import type { Spelling } from './lenient.ts'
import { PatternError, type PatternRefusal } from './refusal.ts'
import { TokenReader } from './token-reader.ts'
import { tokenize } from './tokens.ts'

/** Bytes of UTF-8. */
const maxLength = 4 * 1024 * 1024

/**
 * The tree of a STIX pattern (STIX 2.1 §9), or why there is none; it never throws. Work and memory are linear in
 * the text, which may be 4 MiB long, with parentheses 100 deep. `==` and `<>` become `=` and `!=`.
 *
 * @param seen given: the near-valid spellings of {@link Spelling} are read as meant, and noted there
 */
export const parsePattern = (text: string, seen?: Set<Spelling>): Pattern | PatternRefusal =>
  atOnce(parseInPieces(text, seen))

/** As {@link parsePattern}; yields now and then, as the text may be long. */
export function* parseInPieces(text: string, seen?: Set<Spelling>): Work<Pattern | PatternRefusal> {
  if (Buffer.byteLength(text) > maxLength) return { kind: 'refused', reason: 'length', at: 0 }
  try {
    return readPattern(new TokenReader(yield* tokenize(text, seen), seen))
  } catch (error) {
    if (error instanceof PatternError) return error.refusal
    throw error
  }
}

/**
 * The pattern that all tokens of the reader make up.
 * @throws PatternError
 */
export function readPattern(reader: TokenReader): Pattern {
  const pattern = readSequence(reader)
  reader.expectEnd()
  return pattern
}

/** FOLLOWEDBY binds loosest, then OR, then AND, then qualifiers. */
function readSequence(reader: TokenReader): Pattern {
  const terms = reader.series('FOLLOWEDBY', () => readJunction(reader))
  return terms.length === 1 ? terms[0]! : { kind: 'followed-by', terms }
}

function readJunction(reader: TokenReader): Pattern {
  return reader.junction<Pattern>('or', () =>
    reader.junction<Pattern>('and', () => readQualified(reader))
  )
}

function readQualified(reader: TokenReader): Pattern {
  const pattern = readObservation(reader)
  const qualifiers = readQualifiers(reader)
  return qualifiers.length === 0 ? pattern : { kind: 'qualified', pattern, qualifiers }
}

function readObservation(reader: TokenReader): Pattern {
  if (reader.token.text === '(') return reader.nested(() => readSequence(reader))
  if (reader.isBare()) return readBare(reader)
  reader.expect('[')
  const condition = readCondition(reader)
  reader.expect(']')
  return { kind: 'observation', condition }
}

/** With an AND it could not be told whether of comparisons or of observations. */
function readBare(reader: TokenReader): Pattern {
  reader.note('no-brackets')
  const condition = readCondition(reader)
  return hasAnd(condition) ? reader.refuse() : { kind: 'observation', condition }
}

const hasAnd = (condition: Condition): boolean =>
  condition.kind === 'and' || (condition.kind === 'or' && condition.terms.some(hasAnd))

/** Each kind at most once. */
function readQualifiers(reader: TokenReader): readonly Qualifier[] {
  const all: Qualifier[] = []
  for (;;) {
    const { at } = reader.token
    const qualifier = readQualifier(reader)
    if (!qualifier) return all
    if (all.some(({ kind }) => kind === qualifier.kind)) throw new PatternError('syntax', at)
    all.push(qualifier)
  }
}

function readQualifier(reader: TokenReader): Qualifier | undefined {
  if (reader.accept('START')) return readStartStop(reader)
  if (reader.accept('WITHIN')) return readWithin(reader)
  return reader.accept('REPEATS') ? readRepeats(reader) : undefined
}

function readStartStop(reader: TokenReader): Qualifier {
  const start = reader.timestamp()
  reader.expect('STOP')
  return { kind: 'start-stop', start, stop: reader.timestamp() }
}

function readWithin(reader: TokenReader): Qualifier {
  const seconds = readPositive(reader, () => reader.literal('number').value)
  reader.expect('SECONDS')
  return { kind: 'within', seconds }
}

function readRepeats(reader: TokenReader): Qualifier {
  const times = readPositive(reader, () => reader.integer())
  reader.expect('TIMES')
  return { kind: 'repeats', times }
}

function readPositive(reader: TokenReader, read: () => number): number {
  const { at } = reader.token
  const value = read()
  if (value <= 0) throw new PatternError('literal', at)
  return value
}
