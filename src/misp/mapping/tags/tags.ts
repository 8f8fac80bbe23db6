import { memoize } from '../../../kernel/memoize.ts'
import { listOf, markingRefsOf, objectsOf, type StixObject, textOf } from '../../../stix/object.ts'
import { toDay } from '../../../stix/timestamp.ts'
import type { Tlp } from '../model.ts'
import { toLine } from '../values/text.ts'
import type { Galaxies } from './galaxies.ts'
import { machineTag } from './machine-tag.ts'
import { moreClosed, papTag, tlpLevel, tlpsIn, wellKnown } from './markings.ts'
import { type MalpediaTags, subjectNamers } from './tag-names.ts'

/** TLP, tags and comments of values (MISP-3.2). */

export type Resolve = (id: string) => StixObject | undefined

/** True for a marking of TLP whose level is known without the marking itself. */
export const isWellKnownMarking = (id: string): boolean => levelNamed(id) !== undefined

/**
 * The level of TLP of an object, the most closed that its markings and texts name; `fallback` when they name none.
 * @param markingRefs its `object_marking_refs`, and those of single members; what is no string is passed over
 * @param statements see {@link statementsOf}
 */
export function tlpOf(
  markingRefs: readonly unknown[],
  resolve: Resolve,
  fallback: Tlp,
  statements: readonly string[] = []
): Tlp {
  const marked = markingRefs.flatMap(id =>
    typeof id === 'string' ? (levelOf(id, resolve) ?? []) : []
  )
  const levels = [...marked, ...statements.flatMap(tlpsIn)]
  return levels.reduce<Tlp | undefined>(moreClosed, undefined) ?? fallback
}

function levelOf(id: string, resolve: Resolve): Tlp | undefined {
  const named = levelNamed(id)
  const marking = named ? undefined : resolve(id)
  return named ?? (marking && tlpLevel(marking))
}

/** Of a marking that is known by its id, or that is named in place of an id. */
const levelNamed = memoize(
  (id: string): Tlp | undefined => wellKnown.get(id.toLowerCase()) ?? tlpsIn(id)[0]
)

/** Texts of an object that say how far it may be shared. What it describes, such as a pattern, is none. */
export function statementsOf(object: StixObject): string[] {
  const found: string[] = []
  const add = (text: string) => {
    if (aboutTlp.test(text)) found.push(text)
  }
  add(textOf(object, 'name'))
  add(textOf(object, 'description'))
  for (const member of ['labels', 'indicator_types', 'report_types'])
    for (const text of listOf(object, member)) add(text)
  for (const entry of objectsOf(object, 'external_references')) add(textOf(entry, 'description'))
  return found
}

const aboutTlp = /\btlp/i

const killChain: Readonly<Record<string, string>> = {
  reconnaissance: 'Reconnaissance',
  weaponization: 'Weaponization',
  delivery: 'Delivery',
  exploitation: 'Exploitation',
  installation: 'Installation',
  'command-and-control': 'Command and Control',
  'actions-on-objectives': 'Actions on Objectives'
}

/**
 * The tags that an indicator carries by itself, sorted: phases of kill chains, labels, and PAP where its markings are
 * at hand. Confidence is not among them, as it changes and MISP keeps every tag; nor is TLP, which is the event's.
 */
export function ownTags(object: StixObject, resolve: Resolve = () => undefined): string[] {
  const markings = markingRefsOf(object).flatMap(id => resolve(id) ?? [])
  const tags = [
    ...objectsOf(object, 'kill_chain_phases').flatMap(phaseTag),
    ...listOf(object, 'labels').flatMap(labelTag),
    ...markings.flatMap(marking => papTag(marking) ?? [])
  ]
  return tags.length < 2 ? tags : [...new Set(tags)].sort()
}

/** Few different labels and phases occur many times. */
const labelTag = memoize((label: string) => machineTag('sekoia:label', label))
const phaseName = memoize((text: string) => text.trim().toLowerCase().replace(/[ _]/g, '-'))
const tacticTag = memoize((name: string) => machineTag('sekoia:mitre-tactic', name))

function phaseTag(phase: StixObject): readonly string[] {
  const name = phaseName(textOf(phase, 'phase_name'))
  switch (textOf(phase, 'kill_chain_name')) {
    case 'lockheed-martin-cyber-kill-chain':
      return Object.hasOwn(killChain, name) ? [`kill-chain:${killChain[name]}`] : []
    case 'mitre-attack':
      return tacticTag(name)
    default:
      return []
  }
}

/** Most sectors, and most locations: longer lists mean "everyone". */
export const maxImpacted = 20

/** Ids of the things whose names become tags on an object: who reported it, and what it is about. */
export function contextRefs(object: StixObject): string[] {
  const refs = [
    ...listOf(object, 'x_inthreat_sources_refs'),
    ...listOf(object, 'x_ic_related_threat_refs')
  ]
  for (const member of ['x_ic_impacted_sectors', 'x_ic_impacted_locations']) {
    const ids = listOf(object, member)
    if (ids.length <= maxImpacted) refs.push(...ids)
  }
  return refs.length < 2 ? refs : [...new Set(refs)]
}

/**
 * How an object is named by tags on other things: `source` where it reported them, `subject` where they are about
 * it. Empty when it has no name, or is of a type that names nothing.
 */
export function tagsOf(
  object: StixObject,
  role: 'source' | 'subject',
  galaxies?: Galaxies,
  malpedia: MalpediaTags = 'galaxy'
): string[] {
  if (role === 'source')
    return object.type === 'identity' ? machineTag('sekoia:source', textOf(object, 'name')) : []
  return Object.hasOwn(subjectNamers, object.type)
    ? subjectNamers[object.type]!(object, galaxies, malpedia)
    : []
}

const confidenceLevels: readonly (readonly [least: number, name: string])[] = [
  [100, 'completely-confident'],
  [75, 'usually-confident'],
  [50, 'fairly-confident'],
  [25, 'rarely-confident'],
  [0, 'unconfident']
]

/** Confidence as a tag, for things whose confidence does not change; none when it is no number from 0 to 100. */
export function confidenceTag(confidence: unknown): string[] {
  if (typeof confidence !== 'number' || confidence > 100) return []
  const level = confidenceLevels.find(([least]) => confidence >= least)
  return level ? machineTag('misp:confidence-level', level[1]) : []
}

export interface Commented {
  readonly name: string
  readonly confidence?: number | undefined
  /** ms since the epoch. */
  readonly until?: number | undefined
  /** Conditions of the pattern that no value expresses. */
  readonly unsaid?: readonly string[] | undefined
  readonly id: string
}

/** Characters; a name can be a whole pattern. */
const maxName = 200

/**
 * `Agent Tesla C2; confidence 70; expires 2026-05-05; indicator--<uuid>`, without what is not known; parts of the
 * pattern that the values do not say stand before the id, as `pattern: file:size >`.
 */
export function commentOf({ name, confidence, until, unsaid = [], id }: Commented): string {
  const line = toLine(name)
  const parts = [
    line.length > maxName ? `${line.slice(0, maxName - 1)}…` : line,
    confidence === undefined ? '' : `confidence ${confidence}`,
    until === undefined ? '' : `expires ${toDay(until)}`,
    unsaid.length === 0 ? '' : `pattern: ${listUnsaid(unsaid)}`,
    id
  ]
  return parts.filter(part => part !== '').join('; ')
}

const maxUnsaidBytes = 240

/** Lists as many as there is room for, and the number of the others. */
function listUnsaid(unsaid: readonly string[]): string {
  let list = ''
  for (const [no, part] of unsaid.entries()) {
    const longer = `${list}${list && ', '}${toLine(part)}`
    if (Buffer.byteLength(longer) > maxUnsaidBytes)
      return `${list}${list && ', '}and ${unsaid.length - no} more`
    list = longer
  }
  return list
}

const maxCommentBytes = 1024
/** For ` | and 1000000 more`. */
const roomForRest = 24

/** Comments of several sources of one value as one, at most 1 kB: sorted, and `and N more` for what has no room. */
export function joinComments(comments: readonly string[]): string {
  if (comments.length === 1) return comments[0]!
  const sorted = [...new Set(comments)].sort()
  let joined = sorted[0] ?? ''
  let count = 1
  for (const comment of sorted.slice(1)) {
    const longer = `${joined} | ${comment}`
    if (Buffer.byteLength(longer) > maxCommentBytes - roomForRest) break
    joined = longer
    count++
  }
  return count < sorted.length ? `${joined} | and ${sorted.length - count} more` : joined
}
