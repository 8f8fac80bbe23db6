import fc from 'fast-check'
import type {
  Comparison,
  Condition,
  Junction,
  Literal,
  Operator,
  PathStep,
  Pattern,
  Qualifier
} from '../../src/stix/pattern/ast.ts'
import { keyword } from './pattern-printer.ts'

/** Random trees of STIX patterns. */

const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true })

const name = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...'aBcINORt_'), minLength: 1, maxLength: 4 }),
    fc.nat(999).map(n => `n${n}_`),
    fc.constantFrom('h', 'b', 't', 'and', 'value', 'hashes', '_', 'INx')
  )
  .filter(word => !keyword.test(word))
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom("'", '\\', '/', '*', '[', ']', '(', ' ', '\n', 't') })
)

const objectType = fc.oneof(
  name,
  fc.constantFrom('network-traffic', 'x-a--', 'file', 'x509-certificate')
)
const index = fc.oneof(fc.nat(), fc.constant('*' as const)).map(index => ({ index }))
const path = fc
  .tuple(fc.oneof(name, text), fc.array(fc.oneof(name, text, index), { maxLength: 4 }))
  .map(([first, rest]): readonly PathStep[] => [first, ...rest])

/** Those that JavaScript writes without an exponent, as patterns have none. */
const decimal = fc.tuple(fc.integer(), fc.nat(6)).map(([digits, places]) => digits / 10 ** places)

const fraction = fc.constantFrom('', '.1', '.12', '.007', '.123456', '.999999999')
const timestamp = fc
  .tuple(fc.integer({ min: 0, max: 253_402_300_799 }), fraction)
  .map(([seconds, rest]) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}${rest}Z`)

const literalOf = {
  string: text.map((value): Literal => ({ kind: 'string', value })),
  number: fc
    .oneof(fc.maxSafeInteger(), decimal)
    .map((value): Literal => ({ kind: 'number', value })),
  boolean: fc.boolean().map((value): Literal => ({ kind: 'boolean', value })),
  binary: fc
    .uint8Array({ maxLength: 9 })
    .map((bytes): Literal => ({ kind: 'binary', value: Buffer.from(bytes) })),
  timestamp: timestamp.map((value): Literal => ({ kind: 'timestamp', value }))
}
const orderable = fc.oneof(
  literalOf.string,
  literalOf.number,
  literalOf.binary,
  literalOf.timestamp
)
const literal = fc.oneof(orderable, literalOf.boolean)

const test = (operators: readonly Operator[], values: fc.Arbitrary<readonly Literal[]>) =>
  record({ operator: fc.constantFrom(...operators), values })

const comparison: fc.Arbitrary<Comparison> = record({
  object: objectType,
  path,
  isNegated: fc.boolean(),
  test: fc.oneof(
    test(['=', '!='], fc.tuple(literal)),
    test(['<', '<=', '>', '>='], fc.tuple(orderable)),
    test(['LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET'], fc.tuple(literalOf.string)),
    test(['IN'], fc.array(literal, { minLength: 1, maxLength: 4 })),
    test(['EXISTS'], fc.constant([]))
  )
}).map(({ test, ...rest }) => ({ kind: 'comparison', ...rest, ...test }))

/** `and` and `or` of two to four. */
export const junctionOf = <T>(term: fc.Arbitrary<T>): fc.Arbitrary<Junction<T>> =>
  record({
    kind: fc.constantFrom('and' as const, 'or' as const),
    terms: fc.array(term, { minLength: 2, maxLength: 4 })
  })

export const conditionOf = (of: fc.Arbitrary<Comparison>): fc.Arbitrary<Condition> =>
  fc.letrec<{ condition: Condition }>(tie => ({
    condition: fc.oneof({ maxDepth: 2 }, of, junctionOf(tie('condition')))
  })).condition

const qualifier: fc.Arbitrary<Qualifier> = fc.oneof(
  record({ kind: fc.constant('start-stop' as const), start: timestamp, stop: timestamp }),
  record({
    kind: fc.constant('within' as const),
    seconds: fc.oneof(
      fc.integer({ min: 1 }),
      decimal.filter(value => value > 0)
    )
  }),
  record({ kind: fc.constant('repeats' as const), times: fc.integer({ min: 1 }) })
)

export const anyPattern: fc.Arbitrary<Pattern> = fc.letrec<{ pattern: Pattern }>(tie => ({
  pattern: fc.oneof(
    { maxDepth: 2 },
    record({
      kind: fc.constant('observation' as const),
      condition: conditionOf(comparison)
    }),
    junctionOf(tie('pattern')),
    record({
      kind: fc.constant('followed-by' as const),
      terms: fc.array(tie('pattern'), { minLength: 2, maxLength: 3 })
    }),
    record({
      kind: fc.constant('qualified' as const),
      pattern: tie('pattern'),
      qualifiers: fc.uniqueArray(qualifier, { minLength: 1, selector: ({ kind }) => kind })
    })
  )
})).pattern

/** Which of equivalent spellings a text has; every seed is one way to write all patterns. */
export const anySpelling = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 })
