import { isDeepStrictEqual } from 'node:util'
import { isRecord, type Json, records, toText } from './json.ts'

const maxName = 255
const tlps = ['tlp:clear', 'tlp:green', 'tlp:amber', 'tlp:amber+strict', 'tlp:red']

/** OpenCTI reads threats, markings and authors out of tags that begin so (MISP-2). */
const takenByOpenCti = /^(?:malware|tool|mitre|intrusion-set|marking|creator)/

/** The form of a tag list. A colour has to be there at event level, where previews show it. */
export function checkTags(where: string, owner: Json, needsColour: boolean): string[] {
  const list = owner['Tag']
  if (!Array.isArray(list)) {
    return list === undefined && !needsColour ? [] : [`${where}: Tag is not a list`]
  }
  if (!list.every(isRecord)) return [`${where}: Tag holds something that is no tag`]
  const names = namesOf(owner)
  const doubles = names.filter(
    (name, n) => names.findIndex(other => other.toLowerCase() === name.toLowerCase()) < n
  )
  return [
    ...doubles.map(name => `${where}: tag '${name}' is there twice`),
    ...records(list).flatMap(tag => checkTag(where, tag, needsColour))
  ]
}

function checkTag(where: string, { name, colour }: Json, needsColour: boolean): string[] {
  if (typeof name !== 'string' || name === '') return [`${where}: a tag has no name`]
  const tag = `${where}: tag '${name.slice(0, 60)}'`
  const hasColour = typeof colour === 'string' && /^#[\da-f]{6}$/i.test(colour)
  return [
    ...(name.length > maxName ? [`${tag} is longer than ${maxName} characters`] : []),
    ...(takenByOpenCti.test(name) ? [`${tag} begins with a word of OpenCTI's`] : []),
    ...(hasColour || (colour === undefined && !needsColour) ? [] : [`${tag} has no colour`])
  ]
}

/** Exactly one TLP, and nothing below that says another (INV-13). */
export function checkTlp(where: string, owner: Json, below: readonly Json[]): string[] {
  const isTlp = (name: string) => name.toLowerCase().startsWith('tlp:')
  const [tlp, ...more] = namesOf(owner).filter(isTlp)
  if (tlp === undefined || more.length > 0) return [`${where}: not exactly one tlp tag`]
  const others = below.flatMap(namesOf).filter(name => isTlp(name) && name !== tlp)
  return [
    ...(tlps.includes(tlp) ? [] : [`${where}: ${tlp} is no TLP tag`]),
    ...others.map(other => `${where}: ${other} is inside, the event is ${tlp}`)
  ]
}

/** The tags that the event has, as the manifest must list them; removals are no such. */
export const hasEqualTags = (entry: Json, event: Json): boolean => {
  const [listed, held] = [entry, event].map(({ Tag }) =>
    records(Tag)
      .filter(tag => tag['deleted'] !== true)
      .map(({ name, colour }) => ({ name, colour }))
  )
  return isDeepStrictEqual(listed, held)
}

const namesOf = ({ Tag }: Json): string[] => records(Tag).map(({ name }) => toText(name))
