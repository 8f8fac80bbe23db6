import { listOf, type StixObject, textOf } from '../../../stix/object.ts'
import { type AttackKind, attackId, cveIds } from '../values/references.ts'
import { toLine } from '../values/text.ts'
import type { Galaxies, GalaxyType } from './galaxies.ts'
import { machineTag } from './machine-tag.ts'

/**
 * The tags that name an object on related objects (MISP-3.2). Values of official galaxies are never invented: they are
 * looked up, or are MITRE's own `<name> - <id>`. Other tags are in our own namespace `sekoia:`, since OpenCTI gives a
 * meaning to some prefixes (MISP-2).
 */
type Namer = (
  object: StixObject,
  galaxies: Galaxies | undefined,
  malpedia: MalpediaTags
) => string[]

/** How malware of the galaxy malpedia is named, which some readers of feeds pass over: by it, by our own tag, or both. */
export const malpediaTags = ['galaxy', 'tag', 'both'] as const
export type MalpediaTags = (typeof malpediaTags)[number]

const objectName = (object: StixObject): string => toLine(textOf(object, 'name'))

const own =
  (kind: string): Namer =>
  object =>
    machineTag(`sekoia:${kind}`, objectName(object))

const listed =
  (galaxy: GalaxyType): Namer =>
  (object, galaxies) =>
    galaxyTag(galaxy, galaxies?.byName(galaxy, objectName(object)))

const galaxyTag = (galaxy: GalaxyType, value: string | undefined): string[] =>
  value === undefined ? [] : machineTag(`misp-galaxy:${galaxy}`, value)

/**
 * The galaxies that have ids of ATT&CK, by their letter, the newest first: those for industrial control systems and
 * mobile devices have clusters of their own, and software may be malware or a tool.
 */
const attackGalaxies: Readonly<Record<AttackKind, readonly GalaxyType[]>> = {
  C: ['mitre-campaign'],
  G: [
    'mitre-intrusion-set',
    'mitre-ics-groups',
    'mitre-mobile-attack-intrusion-set',
    'mitre-enterprise-attack-intrusion-set'
  ],
  M: [
    'mitre-course-of-action',
    'mitre-mobile-attack-course-of-action',
    'mitre-enterprise-attack-course-of-action'
  ],
  S: [
    'mitre-malware',
    'mitre-tool',
    'mitre-software',
    'mitre-ics-software',
    'mitre-mobile-attack-malware',
    'mitre-mobile-attack-tool',
    'mitre-enterprise-attack-malware',
    'mitre-enterprise-attack-tool'
  ],
  T: [
    'mitre-attack-pattern',
    'mitre-ics-techniques',
    'mitre-mobile-attack-attack-pattern',
    'mitre-enterprise-attack-attack-pattern'
  ]
}

/**
 * Looks the ATT&CK id up in all galaxies of ATT&CK. Without these galaxies only objects that MITRE published are
 * certain: other producers use other names, and call malware what MITRE calls a tool.
 */
const attack =
  (galaxy: GalaxyType, kind: AttackKind): Namer =>
  (object, galaxies) => {
    const id = attackId(object, kind)
    const name = objectName(object)
    if (id === undefined || name === '') return []
    const known = attackGalaxies[kind].filter(type => galaxies?.has(type))
    for (const type of known) {
      const value = galaxies?.byId(type, id)
      if (value !== undefined) return galaxyTag(type, value)
    }
    return known.length === 0 && isOfEnterprise(object) ? galaxyTag(galaxy, `${name} - ${id}`) : []
  }

const isOfEnterprise = (object: StixObject): boolean =>
  listOf(object, 'x_mitre_domains').includes('enterprise-attack')

/** The first that has a name. */
const firstOf =
  (...namers: Namer[]): Namer =>
  (object, galaxies, malpedia) => {
    for (const namer of namers) {
      const tags = namer(object, galaxies, malpedia)
      if (tags.length > 0) return tags
    }
    return []
  }

const malpedia: Namer = (object, galaxies, wanted) => {
  const tags = listed('malpedia')(object, galaxies, wanted)
  if (tags.length === 0 || wanted === 'galaxy') return tags
  const ours = own('malware')(object, galaxies, wanted)
  return wanted === 'tag' ? ours : [...tags, ...ours]
}

const sector = firstOf(listed('sector'), own('sector'))

/** Sekoia has sectors and sources as identities. A source is not a subject. */
const identity: Namer = (object, ...rest) => {
  if (object['x_ic_is_sector'] === true || object['identity_class'] === 'class')
    return sector(object, ...rest)
  return object['x_ic_is_source'] === true ? [] : own('identity')(object, ...rest)
}

const location: Namer = (object, ...rest) => {
  const name = objectName(object) || textOf(object, 'country') || textOf(object, 'region')
  return firstOf(listed('target-information'), own('location'))({ ...object, name }, ...rest)
}

const vulnerability: Namer = (object, ...rest) => {
  const ids = cveIds(object)
  return ids.length === 0
    ? own('vulnerability')(object, ...rest)
    : ids.flatMap(id => machineTag('sekoia:vulnerability', id))
}

/** By the type of the object. */
export const subjectNamers: Readonly<Record<string, Namer>> = {
  'threat-actor': firstOf(listed('threat-actor'), own('threat-actor')),
  'intrusion-set': firstOf(
    attack('mitre-intrusion-set', 'G'),
    listed('threat-actor'),
    own('intrusion-set')
  ),
  malware: firstOf(attack('mitre-malware', 'S'), malpedia, own('malware')),
  tool: firstOf(attack('mitre-tool', 'S'), own('tool')),
  'attack-pattern': firstOf(attack('mitre-attack-pattern', 'T'), own('attack-pattern')),
  campaign: firstOf(attack('mitre-campaign', 'C'), own('campaign')),
  infrastructure: own('infrastructure'),
  'course-of-action': firstOf(attack('mitre-course-of-action', 'M'), own('course-of-action')),
  identity,
  location,
  vulnerability
}
