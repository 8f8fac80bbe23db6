/**
 * The base corpus: object i of the feed, made on demand from (seed, i). Only the times are held in memory, eight
 * bytes an object. Added objects get the indices after the base.
 */
import { type Context, makeContext, sekoia, sourcesOf } from './context.ts'
import type { CorpusSeed, Frame } from './frame.ts'
import { indicatorJson } from './indicator.ts'
import { knowledgeJson } from './knowledge.ts'
import { type KnowledgeType, reportRefs, sourceRef, targetRef, typeAt } from './layout.ts'
import { hash, indexOfUuid, mix, uuidOf } from './random.ts'
import { type Order, textOf, timeline } from './timeline.ts'
import { createdOf, type Facts, impactedOf, isRevoked, LazyFacts, markingOf } from './traits.ts'

export interface CorpusOptions {
  readonly seed: number
  readonly objects: number
  /** Milliseconds since the epoch: the span over which `modified` is spread. */
  readonly from: number
  readonly to: number
  readonly order: Order
  /** A share of objects carries long lists of locations and sectors (3 and 10 kB). */
  readonly bloat: boolean
}

export interface Variant {
  readonly type: string
  readonly modified: string
  /** The instant of `modified`, from which `created` and the rest follow. */
  readonly micros: number
}

const dayMicros = 86_400_000_000

export class Corpus implements CorpusSeed {
  readonly seed: number
  readonly size: number
  readonly context: Context
  readonly #bloat: boolean
  readonly #micros: Float64Array

  constructor({ objects, bloat, ...options }: CorpusOptions) {
    this.seed = mix(options.seed)
    this.size = objects
    this.context = makeContext(this.seed)
    this.#bloat = bloat
    this.#micros = timeline({ ...options, seed: this.seed, count: objects })
  }

  /** Microseconds since the epoch. */
  micros(index: number): number {
    return this.#micros[index]!
  }

  modified(index: number): string {
    return textOf(this.#micros[index]!)
  }

  type(index: number): string {
    return typeAt(this.seed, index)
  }

  id(index: number): string {
    return `${this.type(index)}--${uuidOf(this.seed, index)}`
  }

  facts(index: number): Facts {
    return new LazyFacts(this, index, this.type(index), this.micros(index))
  }

  /** The index of a base object; undefined for every other id. */
  find(id: string): number | undefined {
    const at = id.indexOf('--')
    const index = indexOfUuid(this.seed, id.slice(at + 2))
    if (index === undefined || index >= this.size) return undefined
    return this.type(index) === id.slice(0, at) ? index : undefined
  }

  /** The object of the base as a feed page holds it. */
  json(index: number): string {
    const micros = this.micros(index)
    return this.make(index, { type: this.type(index), modified: textOf(micros), micros })
  }

  /** Any object of this seed, at any index, under the type asked for. */
  make(index: number, { type, modified, micros }: Variant): string {
    const createdMicros = createdOf(this.seed, index, micros)
    const frame: Frame = {
      id: `${type}--${uuidOf(this.seed, index)}`,
      type,
      created: createdMicros === micros ? modified : textOf(createdMicros),
      createdMicros,
      modified,
      marking: markingOf(this.seed, index),
      revoked: isRevoked(this.seed, index),
      impacted: impactedOf(this, index, this.#bloat)
    }
    if (type === 'indicator') return indicatorJson(this, index, frame)
    if (type === 'relationship') return this.#relationshipJson(index, frame)
    const refs = type === 'report' ? reportRefs(this.seed, index) : []
    return knowledgeJson(this, index, { ...frame, type: type as KnowledgeType, objectRefs: refs })
  }

  #relationshipJson(index: number, frame: Frame): string {
    const stop = textOf((Math.floor(frame.createdMicros / dayMicros) + 91) * dayMicros)
    const sources = sourcesOf(this.context, this.seed, index).join('","')
    const seen = hash(this.seed, index, 16) % 9 === 0
    return (
      `{"created":"${frame.created}","created_by_ref":"${sekoia}","id":"${frame.id}",` +
      `"modified":"${frame.modified}","object_marking_refs":["${frame.marking}"],` +
      `"relationship_type":"indicates","revoked":${frame.revoked},` +
      `"source_ref":"${sourceRef(this.seed, index, this.size)}",` +
      `"start_time":"${frame.created.slice(0, 10)}T00:00:00Z","stop_time":"${stop}",` +
      `"target_ref":"${targetRef(this.seed, index)}","type":"relationship",` +
      `"x_ic_deprecated":false${seen ? `,"description":"Seen on port ['443']"` : ''},` +
      `"x_inthreat_sources_refs":["${sources}"]${frame.impacted}}`
    )
  }
}
