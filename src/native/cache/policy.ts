import type { Entry } from './entry.ts'

/** How long answers of one kind serve (native-api.md, caching). */
export interface Policy {
  readonly freshMs: (entry: Entry) => number
  /** Age up to which an answer stands in while Sekoia is in trouble. */
  readonly staleMs: (entry: Entry) => number
}

const second = 1000
const hour = 3600 * second
const day = 24 * hour

/** An answer "unknown" is believed this long, and never once Sekoia is in trouble: clients show it as safe. */
export const missMs = 30 * second

const kept = (freshMs: number, staleMs: number): Policy => ({
  freshMs: ({ isMiss }) => (isMiss ? Math.min(missMs, freshMs) : freshMs),
  staleMs: ({ isMiss }) => (isMiss ? 0 : staleMs)
})

/** The age up to which answers to look-ups are given at all, in trouble too, ms. */
export const usefulMs = { lookUp: hour, relationships: day, objects: 7 * day } as const

export const policies = {
  lookUp: kept(60 * second, usefulMs.lookUp),
  relationships: kept(300 * second, usefulMs.relationships),
  objects: kept(300 * second, usefulMs.objects),
  /** Identities, markings and places hardly change. */
  lasting: kept(day, usefulMs.objects),
  /** Named by the hash of its bytes. */
  file: kept(365 * day, 365 * day),
  edl: kept(60 * second, 365 * day),
  feeds: kept(60 * second, 365 * day),
  /** A page in a chain of its own: a settled one goes on to the same place, however old; a miss is any other. */
  page: {
    freshMs: ({ isMiss }) => (isMiss ? 10 * second : day),
    staleMs: () => 365 * day
  }
} as const satisfies Record<string, Policy>

/** The longest that anything is worth keeping, ms. */
export const keptMs = 30 * day

const lastingTypes = /^(?:identity|marking-definition|location)--/

export const policyOfObject = (id: string): Policy =>
  lastingTypes.test(id) ? policies.lasting : policies.objects
