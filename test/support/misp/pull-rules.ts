import { isRecord, type Json, records, toSeconds, toText } from './json.ts'

/** The pull rules of a feed (MISP-1.8); none by default. */
export interface PullRules {
  readonly tags?: Lists
  /** UUIDs or names. */
  readonly orgs?: Lists
  /** Epoch seconds; older events stay away. */
  readonly timestamp?: number
}

interface Lists {
  readonly OR?: readonly string[]
  readonly NOT?: readonly string[]
}

/** The manifest's entry is compared by full names of its event-level tags and of its org. */
export function passesAsEntry(entry: Json, { tags, orgs, timestamp = 0 }: PullRules): boolean {
  const isOneOf = (names: readonly string[]) => (rule: string) => names.includes(rule)
  return (
    passes(tags, isOneOf(namesOf(entry['Tag']))) &&
    passes(orgs, isOneOf(orgNames(entry))) &&
    (toSeconds(entry['timestamp']) ?? 0) >= timestamp
  )
}

/** The event file is compared by parts of names, without regard to case. */
export function passesAsEvent(event: Json, { tags, orgs }: PullRules): boolean {
  const isPartOf = (names: readonly string[]) => (rule: string) =>
    names.some(name => name.toLowerCase().includes(rule.toLowerCase()))
  return passes(tags, isPartOf(namesOf(event['Tag']))) && passes(orgs, isPartOf(orgNames(event)))
}

function passes({ OR = [], NOT = [] }: Lists = {}, matches: (rule: string) => boolean): boolean {
  return (OR.length === 0 || OR.some(matches)) && !NOT.some(matches)
}

const namesOf = (list: unknown): string[] => records(list).map(({ name }) => toText(name))

const orgNames = ({ Orgc }: Json): string[] =>
  isRecord(Orgc) ? [toText(Orgc['uuid']), toText(Orgc['name'])] : []
