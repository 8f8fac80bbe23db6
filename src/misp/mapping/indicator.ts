import type { Note, ReportRow } from '../events/bucket.ts'
import {
  dayOf,
  isRevoked,
  listOf,
  type Row,
  textOf,
  timeOf,
  versionOf
} from '../events/source-row.ts'
import type { StixObject, Tlp } from './model.ts'
import { mapIndicator } from './pattern.ts'
import { mapNote, mapReport } from './report.ts'
import { confidenceTag, contextRefs, ownTags, tlpOf } from './tags.ts'

export interface RowOptions {
  /** Markings by id, where they are known. */
  readonly marking: (id: string) => StixObject | undefined
  /** The level of what carries none. */
  readonly defaultTlp: Tlp
  /** Instant of reading, ms since the epoch. */
  readonly now: number
  /** What relationships say it indicates. */
  readonly subjects: readonly string[]
}

/** An indicator as a row, and why its pattern went out whole, if it did. */
export interface MappedRow {
  readonly row: Row
  readonly fallback: string | undefined
}

export function toRow(object: StixObject, options: RowOptions): MappedRow {
  const { attributes, objects, fallback } = mapIndicator(object)
  return { row: { ...commonOf(object, options), attributes, objects }, fallback }
}

/** A report; its confidence, unlike that of indicators, does not change and may be a tag. */
export function toReportRow(object: StixObject, options: Omit<RowOptions, 'subjects'>): ReportRow {
  const { name, content, links, vulnerabilities, refs } = mapReport(object)
  const isIndicator = (id: string) => id.startsWith('indicator--')
  const subjects = refs.filter(id => !isIndicator(id))
  const common = commonOf(object, { ...options, subjects })
  const published = timeOf(object, 'published')
  return {
    row: {
      ...common,
      name,
      tags: [...common.tags, ...confidenceTag(object['confidence'])].sort(),
      attributes: [...links, ...vulnerabilities],
      objects: []
    },
    content,
    date: published === undefined ? dayOf(object) : new Date(published).toISOString().slice(0, 10),
    indicators: refs.filter(isIndicator)
  }
}

export function toNote(object: StixObject): Note {
  return {
    id: object.id,
    version: versionOf(object),
    modified: timeOf(object, 'modified') ?? 0,
    ...mapNote(object),
    isGone: isRevoked(object)
  }
}

function commonOf(object: StixObject, options: RowOptions): Omit<Row, 'attributes' | 'objects'> {
  const { marking, defaultTlp, now, subjects } = options
  const confidence = object['confidence']
  const from = timeOf(object, 'valid_from')
  const until = timeOf(object, 'valid_until')
  const sources = listOf(object, 'x_inthreat_sources_refs')
  const about = contextRefs(object).filter(id => !sources.includes(id))
  return {
    id: object.id,
    version: versionOf(object),
    readAt: now,
    name: textOf(object, 'name'),
    ...(typeof confidence === 'number' && { confidence }),
    tlp: tlpOf(listOf(object, 'object_marking_refs'), marking, defaultTlp),
    modified: timeOf(object, 'modified') ?? timeOf(object, 'created') ?? 0,
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    tags: ownTags(object, marking),
    sources: [...new Set(sources)].sort(),
    subjects: [...new Set([...about, ...subjects])].sort(),
    ...(isRevoked(object) && { gone: { why: 'revoked' as const, at: now } })
  }
}
