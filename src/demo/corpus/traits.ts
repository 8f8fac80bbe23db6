/** Properties that every kind of object has, and what the filters of feeds look at. */
import { type StixObject, sourcesOf, tlp } from './context.ts'
import type { CorpusSeed } from './frame.ts'
import { labelsOf, observableTypesOf, validUntilOf } from './indicator.ts'
import { hash } from './random.ts'

export interface Facts {
  readonly type: string
  readonly revoked: boolean
  /** As written; may be absent or no date at all. */
  readonly validUntil: string | undefined
  readonly markings: readonly string[]
  readonly sources: readonly string[]
  readonly labels: readonly string[]
  readonly observableTypes: readonly string[]
}

/** One TLP marking for each object; a relationship's may differ from its indicator's. */
export function markingOf(seed: number, index: number): string {
  const pick = hash(seed, index, 13) % 100
  if (pick < 56) return tlp.white
  if (pick < 96) return tlp.green
  return pick < 99 ? tlp.amber : tlp.red
}

export const isRevoked = (seed: number, index: number): boolean => hash(seed, index, 14) % 500 === 0

/** Birth in microseconds: equal to `modified`, 16 µs before it, or hours before it. */
export function createdOf(seed: number, index: number, micros: number): number {
  const pick = hash(seed, index, 12)
  if (pick % 10 < 6) return micros
  const hours = pick % 10 < 8 ? 0 : 1 + (pick % 100)
  return micros - hours * 3_600_000_000 - 16
}

/** Lists of locations and sectors as JSON members, for one object in twenty 3 kB, for one in eighty 10 kB. */
export function impactedOf({ seed, context }: CorpusSeed, index: number, bloat: boolean): string {
  const pick = hash(seed, index, 15) % 1000
  if (pick % 100 === 99) return ',"x_ic_impacted_sectors":[]'
  if (!bloat || pick >= 50) return ''
  const [locations, sectors] = pick < 12 ? [130, 46] : [22, 25]
  return (
    `,"x_ic_impacted_locations":[${context.locationsText(locations)}]` +
    `,"x_ic_impacted_sectors":[${context.sectorsText(sectors)}]`
  )
}

/** Facts of an object of the base, each computed only when a filter needs it. */
export class LazyFacts implements Facts {
  readonly #corpus: CorpusSeed
  readonly #index: number
  readonly #micros: number
  readonly type: string

  constructor(corpus: CorpusSeed, index: number, type: string, micros: number) {
    this.#corpus = corpus
    this.#index = index
    this.#micros = micros
    this.type = type
  }

  get revoked(): boolean {
    return isRevoked(this.#corpus.seed, this.#index)
  }

  get validUntil(): string | undefined {
    if (this.type !== 'indicator') return undefined
    const created = createdOf(this.#corpus.seed, this.#index, this.#micros)
    return validUntilOf(this.#corpus.seed, this.#index, created)
  }

  get markings(): readonly string[] {
    return [markingOf(this.#corpus.seed, this.#index)]
  }

  get sources(): readonly string[] {
    return sourcesOf(this.#corpus.context, this.#corpus.seed, this.#index)
  }

  get labels(): readonly string[] {
    return (this.type === 'indicator' && labelsOf(this.#corpus.seed, this.#index)) || []
  }

  get observableTypes(): readonly string[] {
    return this.type === 'indicator' ? observableTypesOf(this.#corpus.seed, this.#index) : []
  }
}

/** Facts of an object that exists as JSON. */
export function factsOf(object: StixObject): Facts {
  const list = (name: string) => (Array.isArray(object[name]) ? (object[name] as string[]) : [])
  const until = object['valid_until']
  return {
    type: object.type,
    revoked: object['revoked'] === true,
    validUntil: typeof until === 'string' ? until : undefined,
    markings: list('object_marking_refs'),
    sources: list('x_inthreat_sources_refs'),
    labels: list('labels'),
    observableTypes: list('x_ic_observable_types')
  }
}
