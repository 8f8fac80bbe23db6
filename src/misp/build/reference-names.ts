import { LRUCache } from 'lru-cache'
import type { Caller } from '../../kernel/caller.ts'
import { isRefusal } from '../../kernel/errors.ts'
import type { Upstream } from '../../kernel/ports.ts'
import { valueKey } from '../events/drafts.ts'
import type { Row } from '../events/source-row.ts'
import type { Galaxies } from '../mapping/galaxies.ts'
import type { Mapped, StixObject } from '../mapping/model.ts'
import { mapCourseOfAction, mapVulnerability } from '../mapping/report.ts'
import { tagsOf } from '../mapping/tags.ts'
import type { Batch, FeedTables } from './tables.ts'

/** What an object is called in tags on others, and of a marking the object itself. */
interface Name {
  /** When it is where something comes from. */
  readonly source: readonly string[]
  /** When it is what something is about. */
  readonly subject: readonly string[]
  readonly marking?: StixObject
  /** What a report that is about it holds: the ids of a vulnerability, a course of action. */
  readonly mapped?: Pick<Mapped, 'attributes' | 'objects'>
}

/** What rows refer to, by name. */
export interface NamesOfRows {
  /** All tags of a row, sorted. */
  tagsOf(row: Row): readonly string[]
  /** A report with what it holds of that which it is about. */
  complete(report: Row): Row
}

export interface NamesDeps {
  readonly documents: FeedTables
  readonly upstream: Pick<Upstream, 'objects'>
  readonly galaxies: Galaxies | undefined
}

const unknown: Name = { source: [], subject: [] }

/** Names held in memory. */
const maxHeld = 10_000
/** Objects asked for at a time. */
const batch = 400

/**
 * Names of the things that indicators refer to by id. They come with the feed, or by id from Sekoia when somebody
 * refers to one that is not known yet; then they are kept.
 */
export class ReferenceNames {
  readonly #parts: NamesDeps
  readonly #held = new LRUCache<string, Name>({ max: maxHeld })

  constructor(parts: NamesDeps) {
    this.#parts = parts
  }

  /** Notes what objects are called. */
  learn(objects: readonly StixObject[], changes: Batch): void {
    for (const object of objects) {
      const name = toName(object, this.#parts.galaxies)
      this.#held.set(object.id, name)
      changes.putJson('name', object.id, name)
    }
  }

  /** Which of these ids have no name, not even after asking Sekoia, which may be in trouble. Throws refusals. */
  async resolve(caller: Caller, ids: Iterable<string>, changes: Batch): Promise<string[]> {
    const wanted = new Set(ids)
    const known = await this.#load(wanted)
    const missing = [...wanted].filter(id => !known.has(id))
    for (let at = 0; at < missing.length; at += batch) {
      const asked = missing.slice(at, at + batch)
      const answer = await this.#ask(caller, asked)
      if (answer === 'trouble') return missing.slice(at)
      if (answer === 'refused') this.#forgo(asked)
      else this.#learnAll(answer, asked, changes)
    }
    return []
  }

  /** The names of all that these rows refer to. */
  async of(rows: readonly Row[]): Promise<NamesOfRows> {
    const ids = new Set(rows.flatMap(({ sources, subjects }) => [...sources, ...subjects]))
    const names = await this.#load(ids)
    const nameOf = (id: string) => names.get(id) ?? unknown
    return {
      tagsOf({ tags, sources, subjects }) {
        const all = new Set(tags)
        for (const id of sources) for (const tag of nameOf(id).source) all.add(tag)
        for (const id of subjects) for (const tag of nameOf(id).subject) all.add(tag)
        return [...all].sort()
      },
      complete(report) {
        const about = report.subjects.flatMap(id => nameOf(id).mapped ?? [])
        const attributes = [...report.attributes, ...about.flatMap(({ attributes }) => attributes)]
        const byKey = new Map(attributes.map(value => [valueKey(value), value]))
        return {
          ...report,
          attributes: [...byKey.values()],
          objects: about.flatMap(({ objects }) => objects)
        }
      }
    }
  }

  /** A marking that was resolved before. */
  marking(id: string): StixObject | undefined {
    return this.#held.get(id)?.marking
  }

  /** Those of these names that are known, from memory or the store. */
  async #load(ids: ReadonlySet<string>): Promise<Map<string, Name>> {
    const names = new Map<string, Name>()
    for (const id of ids) {
      const held = this.#held.get(id)
      if (held) names.set(id, held)
    }
    const others = [...ids].filter(id => !names.has(id))
    const found = await this.#parts.documents.getJson<Name>('name', others)
    for (const [id, name] of found) {
      this.#held.set(id, name)
      names.set(id, name)
    }
    return names
  }

  async #ask(
    caller: Caller,
    ids: readonly string[]
  ): Promise<StixObject[] | 'refused' | 'trouble'> {
    try {
      const { bytes, entries } = await this.#parts.upstream.objects(caller, ids)
      return entries.map(({ offset, length }) =>
        JSON.parse(bytes.toString('utf8', offset, offset + length))
      )
    } catch (error) {
      if (!isRefusal(error)) return 'trouble'
      if (error.kind === 'unauthorized') throw error
      return 'refused'
    }
  }

  /** What Sekoia does not know is not asked for again. Should it come with the feed, it is learnt then. */
  #learnAll(objects: readonly StixObject[], asked: readonly string[], changes: Batch): void {
    this.learn(objects, changes)
    for (const id of asked) {
      if (this.#held.has(id)) continue
      this.#held.set(id, unknown)
      changes.putJson('name', id, unknown)
    }
  }

  /** A key that may not read objects by id goes without their names, until the process starts anew. */
  #forgo(ids: readonly string[]): void {
    for (const id of ids) this.#held.set(id, unknown)
  }
}

function toName(object: StixObject, galaxies: Galaxies | undefined): Name {
  const courseOfAction = mapCourseOfAction(object)
  const attributes = mapVulnerability(object)
  const objects = courseOfAction ? [courseOfAction] : []
  return {
    source: tagsOf(object, 'source', galaxies),
    subject: tagsOf(object, 'subject', galaxies),
    ...(object.type === 'marking-definition' && { marking: object }),
    ...(attributes.length + objects.length > 0 && { mapped: { attributes, objects } })
  }
}
