import type { FakeObject } from './fake-records.ts'

export const collectionA = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
export const collectionB = '11111111-2222-4333-8444-555555555555'
export const collectionEmpty = 'eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee'

export const R = '/sekoia/'
export const C = `${R}collections/${collectionA}/`
export const O = `${C}objects/`
export const M = `${C}manifest/`

/** A version 4 UUID that ends in the number. */
export const uuid = (n: number): string =>
  `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export const stixId = (type: string, n: number): string => `${type}--${uuid(n)}`

const base = Date.UTC(2024, 0, 1)
const created = '2024-01-01T00:00:00.000Z'

/** An object with times, one minute after the one before it unless `time` says otherwise. */
export const sdo = (
  type: string,
  n: number,
  fields: Record<string, unknown> = {}
): FakeObject['object'] => ({
  type,
  spec_version: '2.1',
  id: stixId(type, n),
  created,
  modified: new Date(base + n * 60_000).toISOString(),
  name: `${type} ${n} – naïve ☃`,
  ...fields
})

export const indicator1 = stixId('indicator', 1)
export const malware2 = stixId('malware', 2)
export const marking6 = stixId('marking-definition', 6)
export const sco7 = stixId('ipv4-addr', 7)
export const twoVersions8 = stixId('campaign', 8)
export const twoSpecs9 = stixId('tool', 9)

/** Ten records in date order: eight objects, one of them in two versions, one in two spec versions. */
export const feedObjects: readonly FakeObject[] = [
  {
    object: sdo('indicator', 1, {
      x_custom: { camelCase: [], empty: null, big: 12345678901234567000, nested: [[]] }
    })
  },
  { object: sdo('malware', 2) },
  { object: sdo('indicator', 3, { modified: '2024-01-01T00:03:00Z' }) },
  { object: sdo('indicator', 4, { modified: '2024-01-01T00:04:00.123456Z' }) },
  { object: sdo('indicator', 5, { created: '2010-01-01T00:00:00.000Z' }), date: base + 300_000 },
  {
    object: {
      type: 'marking-definition',
      spec_version: '2.1',
      id: marking6,
      created: '2024-01-01T00:06:00.000Z'
    }
  },
  { object: { type: 'ipv4-addr', id: sco7, value: '192.0.2.7' }, date: base + 420_000 },
  { object: sdo('campaign', 8) },
  { object: sdo('campaign', 8, { modified: '2024-01-01T00:10:00.000Z', name: 'renamed' }) },
  { object: sdo('tool', 9, { spec_version: '2.0', modified: '2024-01-01T00:11:00.000Z' }) },
  {
    object: sdo('tool', 9, { modified: '2024-01-01T00:11:00.000Z', name: 'as 2.1' }),
    date: base + 720_000
  }
]

/** Ids of the newest versions, in date order. */
export const currentIds: readonly string[] = [
  indicator1,
  malware2,
  stixId('indicator', 3),
  stixId('indicator', 4),
  stixId('indicator', 5),
  marking6,
  sco7,
  twoVersions8,
  twoSpecs9
]

/** Twenty indicators, from number 100 on, in groups of equal date: 1, 2, 3, 4, 10. */
export const tiedObjects: readonly FakeObject[] = [1, 2, 3, 4, 10].flatMap((size, group) =>
  Array.from({ length: size }, (_, n) => ({
    object: sdo('indicator', 100 + group * 16 + n),
    date: base + 3_600_000 + group * 1000
  }))
)
