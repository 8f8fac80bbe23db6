import type { Work } from '../../kernel/give-way.ts'
import {
  dayOf,
  isRevoked,
  listOf,
  markingRefsOf,
  type StixObject,
  textOf,
  timeOf
} from '../../stix/object.ts'
import type { Bounds, Mapped, Tlp } from './model.ts'
import { distinct } from './pattern/mapped-part.ts'
import { mapInPieces } from './pattern/pattern.ts'
import {
  type MappedNote,
  mapCourseOfAction,
  mapNote,
  mapReport,
  mapVulnerability
} from './report.ts'
import type { Galaxies } from './tags/galaxies.ts'
import { type Organisation, organisationOf } from './tags/organisation.ts'
import type { MalpediaTags } from './tags/tag-names.ts'
import {
  confidenceTag,
  contextRefs,
  ownTags,
  type Resolve,
  statementsOf,
  tagsOf,
  tlpOf
} from './tags/tags.ts'
import { hasImpossibleEnd, validUntil } from './validity.ts'

/** What an indicator becomes, with name, times and tags. */
export interface MappedIndicator extends Mapped {
  readonly id: string
  readonly name: string
  readonly confidence: number | undefined
  readonly tlp: Tlp
  /** ms since the epoch. */
  readonly modified: number
  /** `valid_from` and `valid_until`, ms since the epoch. */
  readonly from: number | undefined
  readonly until: number | undefined
  /** Its values have no `to_ids` before this time (START …), ms since the epoch. */
  readonly startsAt: number | undefined
  /** Its `valid_until` cannot be one, and counts as none. */
  readonly hasImpossibleEnd: boolean
  /** Sorted. */
  readonly tags: readonly string[]
}

/** What a report becomes. */
export interface MappedReport extends MappedIndicator, Pick<MappedNote, 'content'> {
  /** `YYYY-MM-DD`. */
  readonly date: string
  /** Ids of the indicators it is about. */
  readonly indicators: readonly string[]
  /** Who published it, where that is one organisation and the event is to be its own. */
  readonly organisation?: Organisation | undefined
}

/** A text about a report. */
export interface MappedText extends MappedNote {
  readonly id: string
  /** ms since the epoch. */
  readonly modified: number
  readonly isGone: boolean
}

/**
 * Maps STIX objects to MISP, as pure functions. They run whenever an event is made, so a better mapping also reaches
 * objects that are already stored.
 */
export interface Mapping {
  /** Differs whenever the same objects may become something else. */
  readonly fingerprint: string
  /** Ids of the objects whose names become tags of an object. */
  readonly refs: (object: StixObject) => readonly string[]
  /**
   * Yields where it may be interrupted.
   *
   * @param find objects that are referred to, markings among them; undefined for those that Sekoia does not know
   * @param indicates ids that relationships say it indicates
   */
  readonly indicator: (
    object: StixObject,
    find: Resolve,
    indicates: readonly string[]
  ) => Work<MappedIndicator>
  readonly report: (object: StixObject, find: Resolve) => MappedReport
  readonly note: (object: StixObject) => MappedText
}

/** Raise it whenever this folder makes something else of the same objects: then all events are made again. */
export const mappingVersion = 5

export interface MappingOptions {
  /** The level of objects without one. */
  readonly defaultTlp: Tlp
  /** Undefined when the operator provides none. */
  readonly galaxies: Galaxies | undefined
  /** By default as a tag of the galaxy. */
  readonly malpedia?: MalpediaTags
  /** True when the event of a report is to come from the source of the report. */
  readonly orgcFromSource?: boolean
}

export function createMapping(options: MappingOptions): Mapping {
  const { defaultTlp, galaxies, malpedia = 'galaxy', orgcFromSource = false } = options
  const subjectTags = remember(object => tagsOf(object, 'subject', galaxies, malpedia))
  const sourceTags = remember(object => tagsOf(object, 'source', galaxies))

  const tagsOn = (object: StixObject, find: Resolve, subjects: readonly string[]) => {
    const own = ownTags(object, find)
    if (subjects.length === 0 && sourcesOf(object).length === 0) return own
    const tags = new Set(own)
    const add = (id: string, tagsOf: (named: StixObject) => readonly string[]) => {
      const named = find(id)
      if (named) for (const tag of tagsOf(named)) tags.add(tag)
    }
    for (const id of sourcesOf(object)) add(id, sourceTags)
    for (const id of subjects) add(id, subjectTags)
    return [...tags].sort()
  }

  const tlp = (object: StixObject, find: Resolve) =>
    tlpOf(markingRefsOf(object), find, defaultTlp, statementsOf(object))

  return {
    fingerprint: JSON.stringify([
      mappingVersion,
      defaultTlp,
      galaxies?.digest ?? '',
      malpedia,
      orgcFromSource
    ]),
    refs: object =>
      object.type === 'report'
        ? [...sourcesOf(object), ...subjectsOf(object)]
        : contextRefs(object),
    *indicator(object, find, indicates) {
      const mapped = yield* mapInPieces(object)
      const { attributes, objects, fallback, unsaid, spellings, bounds } = mapped
      const facts = factsOf(object)
      return {
        ...facts,
        ...(bounds && within(bounds, facts)),
        attributes,
        objects,
        fallback,
        unsaid,
        spellings,
        startsAt: bounds?.from,
        tlp: tlp(object, find),
        tags: tagsOn(object, find, [...subjectsOf(object), ...indicates])
      }
    },
    report(object, find) {
      const { name, content, links, vulnerabilities, refs } = mapReport(object)
      const subjects = subjectsOf(object)
      const about = subjects.flatMap(id => find(id) ?? [])
      const tags = [...tagsOn(object, find, subjects), ...confidenceTag(object['confidence'])]
      const published = timeOf(object, 'published')
      return {
        ...factsOf(object),
        name,
        content,
        attributes: distinct([...links, ...vulnerabilities, ...about.flatMap(mapVulnerability)]),
        objects: about.flatMap(object => mapCourseOfAction(object) ?? []),
        fallback: undefined,
        startsAt: undefined,
        tlp: tlp(object, find),
        tags: [...new Set(tags)].sort(),
        date:
          published === undefined ? dayOf(object) : new Date(published).toISOString().slice(0, 10),
        indicators: refs.filter(isIndicatorId),
        ...(orgcFromSource && { organisation: organisationOf(sourcesOf(object), find) })
      }
    },
    note: object => ({
      ...mapNote(object),
      id: object.id,
      modified: timeOf(object, 'modified') ?? 0,
      isGone: isRevoked(object)
    })
  }
}

const isIndicatorId = (id: string): boolean => id.startsWith('indicator--')

const sourcesOf = (object: StixObject): readonly string[] =>
  listOf(object, 'x_inthreat_sources_refs')

/** Ids of what an object is about, sorted, without its sources. */
function subjectsOf(object: StixObject): string[] {
  const refs = contextRefs(object)
  if (refs.length === 0 && object.type !== 'report') return refs
  const subjects = new Set(refs)
  if (object.type === 'report')
    for (const id of listOf(object, 'object_refs')) if (!isIndicatorId(id)) subjects.add(id)
  for (const id of sourcesOf(object)) subjects.delete(id)
  return [...subjects].sort()
}

/** Members that indicators and reports share. */
function factsOf(object: StixObject) {
  const confidence = object['confidence']
  return {
    id: object.id,
    name: textOf(object, 'name'),
    confidence: typeof confidence === 'number' ? confidence : undefined,
    modified: timeOf(object, 'modified') ?? timeOf(object, 'created') ?? 0,
    from: timeOf(object, 'valid_from'),
    until: validUntil(object),
    hasImpossibleEnd: hasImpossibleEnd(object)
  }
}

/** The time in which the indicator is valid and the bounds of its pattern hold. */
const within = (bounds: Bounds, { from, until }: Validity): Bounds => ({
  from: Math.max(from ?? bounds.from, bounds.from),
  until: Math.min(until ?? bounds.until, bounds.until)
})

interface Validity {
  readonly from: number | undefined
  readonly until: number | undefined
}

/** Remembers tags by object, since many indicators refer to the same one. */
function remember(
  tagsOf: (object: StixObject) => readonly string[]
): (object: StixObject) => readonly string[] {
  const known = new WeakMap<StixObject, readonly string[]>()
  return object => {
    const tags = known.get(object) ?? tagsOf(object)
    known.set(object, tags)
    return tags
  }
}
