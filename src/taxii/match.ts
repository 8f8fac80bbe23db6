import { lastVersion, type RecordFilter, type VersionFilter } from '../kernel/records.ts'

/** The `match[…]` fields of a request or token; a field that was not given is undefined. Lists are sorted sets. */
export interface Match {
  readonly ids?: readonly string[] | undefined
  readonly types?: readonly string[] | undefined
  readonly versions?: VersionFilter | undefined
  readonly specVersions?: readonly string[] | undefined
}

/** What a match asks of each version of an object; ids and types are asked for beside it. */
export const filterOf = ({ versions = lastVersion, specVersions }: Match): RecordFilter => ({
  versions,
  specVersions: specVersions && new Set(specVersions)
})

/** Bit n of a token's type mask is line n here: only ever append. */
const knownTypes = (
  'attack-pattern campaign course-of-action grouping identity incident indicator infrastructure ' +
  'intrusion-set location malware malware-analysis note observed-data opinion report threat-actor tool ' +
  'vulnerability relationship sighting artifact autonomous-system directory domain-name email-addr ' +
  'email-message file ipv4-addr ipv6-addr mac-addr mutex network-traffic process software url user-account ' +
  'windows-registry-key x509-certificate marking-definition language-content extension-definition'
).split(' ')

/** The place of a type in the list that tokens rely on; -1 for a custom type. */
export const typeNumber = (type: string): number => knownTypes.indexOf(type)

/** The type at that place; undefined beyond the list. */
export const typeAt = (number: number): string | undefined => knownTypes[number]

/**
 * A match as short text, equal for equal meaning: `last` is the default and so is no text at all. Types become
 * a bit mask followed by the custom ones.
 */
export const matchText = (match: Match): string =>
  Object.entries(fieldTexts(match))
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name}=${text}`)
    .join(';')

function fieldTexts({ ids = [], types = [], versions = lastVersion, specVersions = [] }: Match) {
  return {
    i: ids.map(encodeURIComponent).join(','),
    t: typesText(types),
    v: versionsText(versions),
    s: specVersions.join(',')
  }
}

function typesText(types: readonly string[]): string {
  if (types.length === 0) return ''
  const mask = knownTypes.reduce(
    (bits, type, n) => (types.includes(type) ? bits | (1n << BigInt(n)) : bits),
    0n
  )
  const custom = types.filter(type => typeNumber(type) === -1)
  return [mask.toString(36), ...custom.map(encodeURIComponent)].join(',')
}

function versionsText({ last, first, all, at }: VersionFilter): string {
  if (last && !first && at.length === 0) return ''
  return [
    ...(all ? ['all'] : []),
    ...(first ? ['first'] : []),
    ...(last ? ['last'] : []),
    ...at
  ].join(',')
}

/** Reads what {@link matchText} wrote; the text comes out of a token whose checksum was right. */
export function parseMatchText(text: string): Match {
  const fields = new Map(
    text.split(';').map(part => [part.slice(0, 1), part.slice(2).split(',')] as const)
  )
  const types = fields.get('t')
  const versions = fields.get('v')
  return {
    ids: fields.get('i')?.map(decodeURIComponent),
    types: types && parseTypes(types),
    versions: versions && parseVersions(versions),
    specVersions: fields.get('s')
  }
}

function parseTypes([mask = '', ...custom]: readonly string[]): string[] {
  let bits = 0n
  for (const digit of mask) bits = bits * 36n + BigInt(Number.parseInt(digit, 36))
  return [
    ...knownTypes.filter((_, n) => (bits >> BigInt(n)) & 1n),
    ...custom.map(decodeURIComponent)
  ].sort()
}

const parseVersions = (words: readonly string[]): VersionFilter => ({
  last: words.includes('last'),
  first: words.includes('first'),
  all: words.includes('all'),
  at: words.filter(word => /^[-~]?\d/.test(word)).map(toElevenDigits)
})

/** Tokens of earlier releases have the seconds of an instant without zeros in front. */
const toElevenDigits = (instant: string): string =>
  instant.replace(/^\d{1,10}(?=\.)/, seconds => seconds.padStart(11, '0'))

/** True when every field the request gives means the same as in the token (D-9.1). */
export function agrees(given: Match, held: Match): boolean {
  const repeated: Match = {
    ids: given.ids ?? held.ids,
    types: given.types ?? held.types,
    versions: given.versions ?? held.versions,
    specVersions: given.specVersions ?? held.specVersions
  }
  return matchText(repeated) === matchText(held)
}
