import type { CatalogOptions } from '../../src/feeds/catalog.ts'
import { type Feed, silentMeter, systemClock } from '../../src/kernel/ports.ts'

/** Feeds as Sekoia describes them, and a catalog of them. */

export const defaultFeedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

/** The id of the nth feed; `no` is a digit. */
export const uuid = (no: number): string => `0000000${no}-aaaa-4000-8000-000000000000`

/** A feed of everything, titled by the last digit of its first group, with these members changed. */
export const feedOf = (id: string, rest: Partial<Feed> = {}): Feed => ({
  id,
  title: `Feed ${id[7]}`,
  types: [],
  observableTypes: [],
  tlps: [],
  sources: [],
  labels: [],
  sortOrder: 'asc',
  format: 'json',
  givesAll: true,
  ...rest
})

/** What catalogs of tests have in common. */
export const catalogOptions: Omit<CatalogOptions, 'upstream'> = {
  rights: { validity: () => undefined },
  clock: systemClock,
  meter: silentMeter,
  defaultFeedId,
  cacheSeconds: 60,
  waitMs: 5000
}
