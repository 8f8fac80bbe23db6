import { objectsOf, type StixObject, textOf } from '../../../stix/object.ts'
import { normalise } from './attribute-types.ts'

/** An entry of `external_references`; '' stands for what is missing. */
export interface Reference {
  readonly source: string
  readonly id: string
  readonly url: string
  readonly description: string
}

export function referencesOf(object: StixObject): Reference[] {
  return objectsOf(object, 'external_references').map(entry => ({
    source: textOf(entry, 'source_name'),
    id: textOf(entry, 'external_id'),
    url: textOf(entry, 'url'),
    description: textOf(entry, 'description')
  }))
}

/** Ids of ATT&CK by their letter: groups, software, techniques, mitigations, campaigns. */
const attackShapes = {
  C: /^C\d{4}$/,
  G: /^G\d{4}$/,
  S: /^S\d{4}$/,
  T: /^T\d{4}(?:\.\d{3})?$/,
  M: /^M\d{4}$/
} as const

/** ATT&CK for enterprises, mobile devices and industrial control systems. */
const attackSources: ReadonlySet<string> = new Set([
  'mitre-attack',
  'mitre-mobile-attack',
  'mitre-ics-attack'
])

export type AttackKind = keyof typeof attackShapes

/**
 * The id of an object in ATT&CK; undefined when it has none of that kind. Where Sekoia leaves out `external_id` it is
 * the end of the url: `…/S0331`, `…/T1566/002`.
 */
export function attackId(object: StixObject, kind: keyof typeof attackShapes): string | undefined {
  return referencesOf(object)
    .filter(({ source }) => attackSources.has(source))
    .map(({ id, url }) => id || idInUrl(url))
    .find(id => attackShapes[kind].test(id))
}

function idInUrl(url: string): string {
  const [, id = '', part] = /\/([A-Z]\d{4})(?:\/(\d{3}))?\/?$/.exec(url) ?? []
  return part ? `${id}.${part}` : id
}

/** The CVE ids that an object names: in its name, where that is one, and in its references. */
export function cveIds(object: StixObject): string[] {
  const texts = [textOf(object, 'name'), ...referencesOf(object).map(({ id }) => id)]
  return [...new Set(texts.flatMap(text => normalise('vulnerability', text) ?? []))]
}
