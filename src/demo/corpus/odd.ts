/**
 * What a feed may hold although it should not: times that are no times of now, and items that are no STIX objects.
 * Each kind is made from a generated indicator, and named for what is odd about it.
 */
import type { StixObject } from './context.ts'
import { textOf } from './timeline.ts'

/** Makes the odd times of an object whose own would be `micros` since the epoch; undefined is no such member. */
type MakeTimes = (micros: number) => { readonly created?: unknown; readonly modified?: unknown }

const day = 86_400_000_000

/** The same instant as text with other ends: `rest` follows the seconds. */
const seconds = (micros: number): string => textOf(micros).slice(0, 19)

const both = (value: unknown) => ({ created: value, modified: value })

/** As another clock shows it, `hours` ahead of UTC. */
const atOffset = (micros: number): string => `${seconds(micros + day / 12)}.250+02:00`

const times = {
  future: () => both('2083-01-01T00:00:00.000Z'),
  'twelve-minutes-ahead': micros => ({ modified: textOf(micros + day / 120) }),
  'year-1': () => both('0001-01-01T00:00:00Z'),
  'year-1601': () => both('1601-01-01T00:00:00Z'),
  'before-1970': () => both('1969-12-31T23:59:59.999Z'),
  offset: micros => ({ modified: atOffset(micros) }),
  'zone-less': micros => ({ modified: `${seconds(micros)}.5` }),
  'over-precise': micros => both(`${seconds(micros)}.1699798608Z`),
  space: micros => ({ modified: textOf(micros).replace('T', ' ') }),
  'small-letters': micros => ({ modified: textOf(micros).toLowerCase() }),
  'leap-second': micros => ({ modified: `${seconds(micros).slice(0, 17)}60.000Z` }),
  unreadable: () => ({ modified: 'soon' }),
  'unreadable-both': () => both('2024-02-30T00:00:00Z'),
  missing: () => both(undefined),
  null: () => both(null),
  'null-modified': () => ({ modified: null }),
  'empty-object': () => both({})
} as const satisfies Readonly<Record<string, MakeTimes>>

/** Makes the bytes of an item out of the text of an object. */
type MakeItem = (text: string, size: number | undefined) => Buffer

/** The object with one more member, written as given. */
const withMember = (text: string, member: string): Buffer =>
  Buffer.from(`${text.slice(0, -1)},${member}}`)

const defaultBytes = 65 * 1024 * 1024

const items = {
  nan: text => withMember(text, '"x_score":NaN'),
  infinity: text => withMember(text, '"x_score":-Infinity'),
  'bad-utf8': text => Buffer.from(`${text.slice(0, -1)},"x_note":"caf\xe9"}`, 'latin1'),
  'control-character': text => withMember(text, '"x_note":"one\u0001line\nanother"'),
  'trailing-comma': text => Buffer.from(`${text.slice(0, -1)},}`),
  unbalanced: text => Buffer.from(text.slice(0, -1)),
  'unfinished-string': text => withMember(text, '"x_note":"never ends').subarray(0, -1),
  'null-item': () => Buffer.from('null'),
  'number-item': () => Buffer.from('17'),
  'string-item': () => Buffer.from('"an item, {not} an object"'),
  'array-item': text => Buffer.from(`[${text}]`),
  'no-id': text => Buffer.from(text.replace(/"id":"[^"]*",/, '')),
  'no-type': text => Buffer.from(text.replace(/"type":"[^"]*",/, '')),
  huge: (text, size = defaultBytes) => withMember(text, `"x_padding":"${'x'.repeat(size)}"`)
} as const satisfies Readonly<Record<string, MakeItem>>

/** Valid JSON and valid objects, which a reader may yet refuse. */
type MakeText = (text: string, size: number | undefined) => string

const shapes = {
  deep: (text, levels = 140) =>
    `${text.slice(0, -1)},"x_deep":${'['.repeat(levels)}1${']'.repeat(levels)}}`,
  'duplicate-keys': text => `${text.slice(0, -1)},"name":"the name that counts","revoked":false}`
} as const satisfies Readonly<Record<string, MakeText>>

export type OddTime = keyof typeof times
export type OddItem = keyof typeof items
export type OddShape = keyof typeof shapes
export type OddKind = OddTime | OddItem | OddShape

export const oddTimes = Object.keys(times) as OddTime[]
export const oddItems = Object.keys(items) as OddItem[]
export const oddShapes = Object.keys(shapes) as OddShape[]
export const oddKinds: readonly OddKind[] = [...oddTimes, ...oddItems, ...oddShapes]

/** An odd object: what is ordered and filtered by, and what a page holds. */
export interface Odd {
  readonly object: StixObject
  readonly json: string
  /** In place of `json` when it is no STIX object; made anew each time, as it may be large. */
  readonly raw?: () => Buffer
}

/**
 * @param object a sound one, whose own time is `micros` since the epoch
 * @param size levels of `deep`, bytes of `huge`
 */
export function makeOdd(
  kind: OddKind,
  object: StixObject,
  { micros, size }: { micros: number; size: number | undefined }
): Odd {
  if (kind in times) return plain({ ...object, ...times[kind as OddTime](micros) })
  const text = JSON.stringify(object)
  if (kind in shapes) return { object, json: shapes[kind as OddShape](text, size) }
  const make = items[kind as OddItem]
  if (!make) throw new TypeError(`no odd kind ${kind}`)
  return { object, json: text, raw: () => make(text, size) }
}

const plain = (object: StixObject): Odd => ({ object, json: JSON.stringify(object) })
