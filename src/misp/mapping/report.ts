import { listOf, type StixObject, textOf, timeOf } from '../../stix/object.ts'
import type { MispObject, MispValue, RelatedValue } from './model.ts'
import { normalise } from './values/attribute-types.ts'
import { attackId, cveIds, type Reference, referencesOf } from './values/references.ts'
import { toLine } from './values/text.ts'

/** A text about a report, as an EventReport has it. */
export interface MappedNote {
  /** On one line, at most 255 characters, never blank. */
  readonly name: string
  /** Markdown, never blank. */
  readonly content: string
}

/** What a report becomes (MISP-3.2). */
export interface ReportContent extends MappedNote {
  readonly links: readonly MispValue[]
  /** How many urls MISP would refuse as links; the content names them. */
  readonly refusedLinks: number
  /** Those that its references name; see also {@link mapVulnerability}. */
  readonly vulnerabilities: readonly MispValue[]
  /** What it is about, without repeats. */
  readonly refs: readonly string[]
}

export function mapReport(report: StixObject): ReportContent {
  const references = referencesOf(report)
  const urls = [...new Set(references.map(({ url }) => url).filter(url => url !== ''))]
  const links = urls.flatMap(url => normalise('link', url) ?? [])
  return {
    name: titleOf(report, 'name'),
    content: sections([
      textOf(report, 'description').trim(),
      facts(report, ['report_types', 'authors']),
      references.length > 0 && `## References\n\n${references.map(referenceLine).join('\n')}`
    ]),
    links: external('link', links),
    refusedLinks: urls.length - links.length,
    vulnerabilities: external('vulnerability', cveIds(report)),
    refs: [...new Set(listOf(report, 'object_refs'))]
  }
}

export function mapNote(note: StixObject): MappedNote {
  return {
    name: titleOf(note, 'abstract'),
    content: sections([textOf(note, 'content').trim(), facts(note, ['authors'])])
  }
}

/** The CVE ids of a vulnerability, for reports that are about it; none for other things. */
export const mapVulnerability = (object: StixObject): MispValue[] =>
  object.type === 'vulnerability' ? external('vulnerability', cveIds(object)) : []

/** A course of action that is not ATT&CK's, for which there is a tag; undefined for others and without a name. */
export function mapCourseOfAction(object: StixObject): MispObject | undefined {
  if (object.type !== 'course-of-action' || attackId(object, 'M')) return undefined
  const values = ['description', 'name'].flatMap(member => relatedText(object, member))
  return values.some(({ relation }) => relation === 'name')
    ? { template: 'course-of-action', values }
    : undefined
}

function relatedText(object: StixObject, relation: string): RelatedValue | [] {
  const value = normalise('text', textOf(object, relation))
  return value === undefined
    ? []
    : { relation, type: 'text', category: 'Other', value, toIds: false }
}

const maxName = 255

const titleOf = (object: StixObject, member: string): string =>
  (toLine(textOf(object, member)) || object.id).slice(0, maxName)

/** The column of EventReports takes wide characters, JSON takes no lone surrogates. */
const sections = (texts: readonly (string | false)[]): string =>
  texts
    .filter(text => text)
    .join('\n\n')
    .toWellFormed()

function facts(object: StixObject, lists: readonly string[]): string {
  const published = timeOf(object, 'published')
  const confidence = object['confidence']
  const lines = [
    published !== undefined && `Published: ${new Date(published).toISOString().slice(0, 10)}`,
    typeof confidence === 'number' && `Confidence: ${confidence} of 100`,
    ...lists.map(member => {
      const items = listOf(object, member).map(toLine)
      return items.length > 0 && `${labels[member]}: ${items.join(', ')}`
    }),
    `STIX id: ${object.id}`
  ]
  return lines.flatMap(line => (line ? `- ${line}` : [])).join('\n')
}

const labels: Readonly<Record<string, string>> = { report_types: 'Types', authors: 'Authors' }

function referenceLine({ source, id, url, description }: Reference): string {
  const parts = [[source, id].filter(Boolean).join(' '), url && `<${url}>`, description]
  return `- ${parts.map(toLine).filter(Boolean).join(': ')}`
}

const external = (type: 'link' | 'vulnerability', values: readonly string[]): MispValue[] =>
  [...new Set(values)].map(value => ({
    type,
    category: 'External analysis',
    value,
    toIds: false
  }))
