import { type StixObject, textOf } from '../../../stix/object.ts'
import { type Tlp, tlps } from '../model.ts'

/** Levels of TLP and PAP in marking-definitions. */

const tlp2Extension = 'extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d'

/** The markings of STIX 2.1 §7.2.1.4 for TLP 1.0, and those of the OASIS extension for TLP 2.0. */
export const wellKnown: ReadonlyMap<string, Tlp> = new Map([
  ['marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9', 'clear'],
  ['marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da', 'green'],
  ['marking-definition--f88d31f6-486f-44da-b317-01333bde0b82', 'amber'],
  ['marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed', 'red'],
  ['marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487', 'clear'],
  ['marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb', 'green'],
  ['marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421', 'amber'],
  ['marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003', 'amber+strict'],
  ['marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1', 'red']
])

/** The level of TLP that a marking stands for; undefined when it is about something else. */
export function tlpLevel(marking: StixObject): Tlp | undefined {
  const extension = memberOf(memberOf(marking, 'extensions'), tlp2Extension)
  const definition = memberOf(marking, 'definition')
  const said = [memberOf(extension, 'tlp_2_0'), memberOf(definition, 'tlp')].map(toTlp)
  const texts = [
    textOf(marking, 'name'),
    textOf(marking, 'definition_type'),
    memberOf(definition, 'statement')
  ]
  return (
    said.find(level => level !== undefined) ?? texts.flatMap(tlpsIn).reduce(moreClosed, undefined)
  )
}

const named = /\btlp\s*[:=_ -]\s*(clear|white|green|amber(?:\s*\+\s*strict)?|red)\b(?!\s*[:+])/gi

/** The levels that a text names: `TLP:RED`, also within a sentence. */
export const tlpsIn = (text: unknown): Tlp[] =>
  typeof text !== 'string' || !/tlp/i.test(text)
    ? []
    : [...text.matchAll(named)].flatMap(([, level]) => toTlp(level!.replace(/\s/g, '')) ?? [])

/** The more restrictive of two levels. */
export const moreClosed = (a: Tlp | undefined, b: Tlp): Tlp =>
  a !== undefined && tlps.indexOf(a) > tlps.indexOf(b) ? a : b

function toTlp(text: unknown): Tlp | undefined {
  if (typeof text !== 'string') return undefined
  const level = text.trim().toLowerCase()
  return level === 'white' ? 'clear' : tlps.find(known => known === level)
}

const pap: Readonly<Record<string, string>> = {
  red: 'PAP:RED',
  amber: 'PAP:AMBER',
  green: 'PAP:GREEN',
  clear: 'PAP:CLEAR',
  white: 'PAP:CLEAR'
}

/** The tag of a statement such as `PAP:AMBER`; undefined when the marking is about something else. */
export function papTag(marking: StixObject): string | undefined {
  const statement = memberOf(memberOf(marking, 'definition'), 'statement')
  const texts = [statement, textOf(marking, 'name')].map(text => afterPrefix('pap', text))
  const level = texts.find(text => text !== undefined && Object.hasOwn(pap, text))
  return level && pap[level]
}

/** The text after `tlp:` or `pap:`, in lower case. */
function afterPrefix(prefix: string, text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const [first, rest, more] = text.trim().toLowerCase().split(':')
  return first === prefix && more === undefined ? rest?.trim() : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
