import { type StixObject, textOf } from '../../stix/object.ts'
import type { Galaxies, GalaxyType } from './galaxies.ts'
import { machineTag } from './machine-tag.ts'
import { attackId, cveIds } from './references.ts'
import { toLine } from './text.ts'

/**
 * How a thing is named by tags on what it has to do with (MISP-3.2). Values of official galaxies are never
 * made up: they are looked up, or are ATT&CK's `<name> - <id>`. All else is in our own namespace, whose tags begin
 * with none of the words that OpenCTI reads as something else (MISP-2).
 */
type Namer = (object: StixObject, galaxies: Galaxies | undefined) => string[]

const nameOf = (object: StixObject): string => toLine(textOf(object, 'name'))

const own =
  (kind: string): Namer =>
  object =>
    machineTag(`sekoia:${kind}`, nameOf(object))

const listed =
  (galaxy: GalaxyType): Namer =>
  (object, galaxies) =>
    galaxyTag(galaxy, galaxies?.byName(galaxy, nameOf(object)))

const galaxyTag = (galaxy: GalaxyType, value: string | undefined): string[] =>
  value === undefined ? [] : machineTag(`misp-galaxy:${galaxy}`, value)

/** Where the galaxy is at hand it decides, also that there is no such value. */
const attack =
  (galaxy: GalaxyType, kind: 'G' | 'S' | 'T' | 'M'): Namer =>
  (object, galaxies) => {
    const id = attackId(object, kind)
    const name = nameOf(object)
    if (id === undefined || name === '') return []
    const value = galaxies?.has(galaxy) ? galaxies.byId(galaxy, id) : `${name} - ${id}`
    return galaxyTag(galaxy, value)
  }

/** The first that has a name. */
const firstOf =
  (...namers: Namer[]): Namer =>
  (object, galaxies) => {
    for (const namer of namers) {
      const tags = namer(object, galaxies)
      if (tags.length > 0) return tags
    }
    return []
  }

const sector = firstOf(listed('sector'), own('sector'))

/** Sectors are identities at Sekoia; so are sources, which say nothing of a subject. */
const identity: Namer = (object, galaxies) => {
  if (object['x_ic_is_sector'] === true || object['identity_class'] === 'class')
    return sector(object, galaxies)
  return object['x_ic_is_source'] === true ? [] : own('identity')(object, galaxies)
}

const location: Namer = (object, galaxies) => {
  const name = nameOf(object) || textOf(object, 'country') || textOf(object, 'region')
  return firstOf(listed('target-information'), own('location'))({ ...object, name }, galaxies)
}

const vulnerability: Namer = (object, galaxies) => {
  const ids = cveIds(object)
  return ids.length === 0
    ? own('vulnerability')(object, galaxies)
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
  malware: firstOf(attack('mitre-malware', 'S'), listed('malpedia'), own('malware')),
  tool: firstOf(attack('mitre-tool', 'S'), own('tool')),
  'attack-pattern': firstOf(attack('mitre-attack-pattern', 'T'), own('attack-pattern')),
  campaign: own('campaign'),
  infrastructure: own('infrastructure'),
  'course-of-action': firstOf(attack('mitre-course-of-action', 'M'), own('course-of-action')),
  identity,
  location,
  vulnerability
}
