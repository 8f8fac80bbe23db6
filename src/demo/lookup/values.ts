/** From an observable's value to the indicators whose pattern holds it. */
import type { StixObject } from '../corpus/context.ts'
import { patternOf } from '../corpus/indicator.ts'
import type { Entry, Ref } from '../corpus/object-set.ts'
import type { FeedState } from '../feeds/feed-state.ts'

const literal = /(?:value|name|hashes\.(?:'[^']+'|"[^"]+"|[\w-]+))\s*=\s*'((?:[^'\\]|\\.)*)'/g

/** The values that a pattern compares observables with, unescaped. */
export const valuesOf = (pattern: string): string[] =>
  [...pattern.matchAll(literal)].map(([, text]) => text!.replace(/\\(.)/g, '$1'))

/** Indices of the base below this number can be told apart. */
const span = 2 ** 21

export class ValueIndex {
  readonly #state: FeedState
  readonly #known = new WeakMap<Entry, string[]>()
  /** Hash of a value times {@link span}, plus the index of its indicator; sorted. Made when first asked for. */
  #base: Float64Array | undefined

  constructor(state: FeedState) {
    this.#state = state
  }

  /** The current indicators with this value, oldest entry of the base first. */
  find(value: string): Ref[] {
    const state = this.#state
    const found: Ref[] = this.#candidates(value).filter(
      index => state.find(state.corpus.id(index)) === index && this.valuesAt(index).includes(value)
    )
    const changed = state.entries.filter(({ facts }) => facts.type === 'indicator')
    return [...found, ...changed.filter(entry => this.valuesAt(entry).includes(value))]
  }

  /** The values of one indicator. */
  valuesAt(ref: Ref): string[] {
    if (typeof ref === 'number') return valuesOf(patternOf(this.#state.corpus.seed, ref))
    const held = this.#known.get(ref)
    if (held) return held
    const values = valuesOf(String((JSON.parse(ref.json) as StixObject)['pattern']))
    this.#known.set(ref, values)
    return values
  }

  #candidates(value: string): number[] {
    this.#base ??= this.#makeBase()
    const low = hashOf(value) * span
    const indices: number[] = []
    for (let at = firstFrom(this.#base, low); this.#base[at]! < low + span; at++) {
      indices.push(this.#base[at]! - low)
    }
    return [...new Set(indices)]
  }

  #makeBase(): Float64Array {
    const { corpus } = this.#state
    const keys: number[] = []
    for (let index = 0; index < Math.min(corpus.size, span); index++) {
      if (corpus.type(index) !== 'indicator') continue
      for (const value of valuesOf(patternOf(corpus.seed, index))) {
        keys.push(hashOf(value) * span + index)
      }
    }
    return Float64Array.from(keys).sort()
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}

function firstFrom(sorted: Float64Array, key: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
