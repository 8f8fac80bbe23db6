import { type MispObject, type MispValue, type RelatedValue, templates } from '../model.ts'
import { normalise, type ValueTypeName } from '../values/attribute-types.ts'
import { isWide } from '../values/text.ts'
import { asContext, distinct, failed, type MappedPart, typed, withUnsaid } from './mapped-part.ts'
import { compositeOf, type Meaning, repeatable } from './observables.ts'

/** Values whose meaning is known and that hold together, as one attribute or one Object (MISP-3.1). */

export interface Known {
  readonly meaning: Meaning
  readonly value: string
  /** Its object and path in STIX. */
  readonly name: string
}

/** One attribute or one Object of all parts. The result carries a reason when a part is missing from it. */
export function mapKnown(all: readonly Known[]): MappedPart {
  const known = withoutRepeats(all)
  const [first, second, more] = known
  if (!first) return failed('incomplete')
  if (!second) return mapOne(first)
  return (!more && mapTwo(first, second)) || mapObject(known)
}

/** Removes parts that are equal after normalisation. */
function withoutRepeats(all: readonly Known[]): readonly Known[] {
  if (all.length < 2) return all
  const key = ({ meaning, value }: Known) => {
    const type = meaning.alone?.type ?? meaning.related?.type
    return `${meaning.name}|${(type && normalise(type, value)) ?? value}`
  }
  return [...new Map(all.map(one => [key(one), one])).values()]
}

function mapOne(known: Known): MappedPart {
  const { alone, related, isWeak } = known.meaning
  if (!alone) return mapObject([known])
  const value = normalise(alone.type, known.value)
  if (value !== undefined) {
    const toIds = alone.toIds && !isAltered(alone.type, known.value)
    return { attributes: [typed(alone.type, value, toIds)], objects: [] }
  }
  return related && !isWeak ? mapObject([known]) : failed('refused-value')
}

/** MISP replaces wide characters, which makes another value of it. In URLs they are escaped before. */
const isAltered = (type: ValueTypeName, value: string): boolean => type !== 'url' && isWide(value)

function mapTwo(first: Known, second: Known): MappedPart | undefined {
  const type = compositeType(first, second)
  const value = type && normalise(type.name, type.value)
  if (value !== undefined) return { attributes: [typed(type!.name, value, true)], objects: [] }
  return type && !first.meaning.related ? failed('refused-value') : undefined
}

interface Composite {
  readonly name: ValueTypeName
  readonly value: string
}

function compositeType(a: Known, b: Known): Composite | undefined {
  const inOrder = compositeOf(a.meaning.name, b.meaning.name)
  if (inOrder) return { name: inOrder, value: `${a.value}|${b.value}` }
  const turned = compositeOf(b.meaning.name, a.meaning.name)
  return turned && { name: turned, value: `${b.value}|${a.value}` }
}

export function mapObject(known: readonly Known[]): MappedPart {
  const template = known[0]!.meaning.related?.template
  if (!template || known.some(({ meaning }) => meaning.related?.template !== template))
    return failed(known.length === 1 ? 'incomplete' : 'unrelated-and')
  if (known.every(({ meaning }) => meaning.isWeak)) return failed('incomplete')
  const accepted = known.filter(isAccepted)
  if (!isEnough(known, accepted)) return failed('refused-value')
  const values = distinct(accepted.map(relatedValue))
  if (isContradictory(values)) return failed('unrelated-and')
  const isMet = values.some(({ relation }) => required(template).includes(relation))
  if (!isMet) return mapAlone(accepted)
  const objects = [{ template, values: inOrder(values) }]
  return accepted.length === known.length
    ? { attributes: [], objects }
    : { attributes: [], objects, reason: 'refused-value' }
}

const required = (template: MispObject['template']): readonly string[] =>
  templates[template].requiredOneOf

/** For parts that do not meet the template: one part becomes an attribute; of several each becomes context. */
function mapAlone(known: readonly Known[]): MappedPart {
  const [one, more] = known.filter(({ meaning }) => !meaning.isWeak)
  if (!one) return failed('incomplete')
  if (more) return asContext({ attributes: known.map(apart), objects: [], reason: 'incomplete' })
  const { attributes } = one.meaning.alone ? mapOne(one) : { attributes: [apart(one)] }
  // The type `text` does not tell which property this is, so the comment does.
  const isTold = attributes[0]?.type !== 'text'
  const unsaid = known.filter(other => other !== one || !isTold).map(({ name }) => name)
  return withUnsaid({ attributes, objects: [] }, unsaid)
}

/** A value of an Object as an attribute outside of it. */
function apart(known: Known): MispValue {
  const { relation: _, ...value } = relatedValue(known)
  return value
}

export const isAccepted = ({ meaning: { related }, value }: Known): boolean =>
  related !== undefined && normalise(related.type, value) !== undefined

/** MISP may have refused hashes, if at least one hash is left, but no other value. */
function isEnough(known: readonly Known[], accepted: readonly Known[]): boolean {
  const taken = new Set(accepted)
  return (
    known.every(one => one.meaning.isHash || taken.has(one)) &&
    (accepted.length === known.length || accepted.some(({ meaning }) => meaning.isHash))
  )
}

function relatedValue({ meaning, value }: Known): RelatedValue {
  const { type, category, toIds } = meaning.related!
  const isLooked = toIds && !isAltered(type, value)
  return { relation: meaning.name, type, category, value: normalise(type, value)!, toIds: isLooked }
}

/** True when a relation that occurs once in an Object has two values. */
function isContradictory(values: readonly RelatedValue[]): boolean {
  const once = values.filter(({ relation }) => !repeatable.has(relation))
  return new Set(once.map(({ relation }) => relation)).size < once.length
}

/** Sorts by relation and value, so that the order of comparisons in the pattern does not matter. */
export const inOrder = (values: readonly RelatedValue[]): RelatedValue[] =>
  values.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))

const sortKey = ({ relation, value }: RelatedValue): string => `${relation}\0${value}`
