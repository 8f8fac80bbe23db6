import type { Answer, World } from './gateway.ts'

/** Whole walks over a collection, as tests look at them. */

export interface Step {
  readonly ids: readonly string[]
  /** `id|modified` (objects) or `id|version` (manifest). */
  readonly keys: readonly string[]
  /** `date_added` of each record; a manifest has them, an envelope has not. */
  readonly dates: readonly string[]
  readonly more: boolean
  readonly next: string | undefined
  readonly firstDate: string
  readonly lastDate: string
}

interface Listed {
  readonly id: string
  readonly modified?: string
  readonly created?: string
  readonly version?: string
  readonly date_added?: string
}

/** One answer that must have status 200. */
export function stepOf({ status, headers, text, body }: Answer): Step {
  if (status !== 200) throw new Error(`status ${status}: ${text}`)
  const objects: Listed[] = body.objects ?? []
  return {
    ids: objects.map(({ id }) => id),
    keys: objects.map(
      ({ id, modified, created, version }) => `${id}|${modified ?? created ?? version}`
    ),
    dates: objects.flatMap(({ date_added }) => date_added ?? []),
    more: body.more ?? false,
    next: body.next,
    firstDate: String(headers['x-taxii-date-added-first']),
    lastDate: String(headers['x-taxii-date-added-last'])
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>

export const queryText = (query: Query): string =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, `${value}`]]
    )
  ).toString()

/** GET of one page of the default feed: `objects` unless another endpoint is named. */
export const read = async (world: World, query: Query = {}, endpoint = 'objects'): Promise<Step> =>
  stepOf(await world.get(`${endpoint}/?${queryText(query)}`))

export interface WalkOptions {
  readonly endpoint?: string
  /** Runs after each page but the last. */
  readonly between?: (pages: readonly Step[]) => unknown
}

const maxPages = 500

/** Follows `next` until `more` is false; fails when that takes more than 500 pages. */
export async function walk(
  world: World,
  query: Query = {},
  options: WalkOptions = {}
): Promise<Step[]> {
  const { endpoint = 'objects', between } = options
  const pages = [await read(world, query, endpoint)]
  while (pages.at(-1)!.more) {
    if (pages.length > maxPages) throw new Error('the walk does not end')
    await between?.(pages)
    pages.push(await read(world, { limit: query['limit'], next: pages.at(-1)!.next }, endpoint))
  }
  return pages
}

/** The same by the last header instead of `next`, until a page says that there is no more. */
export async function walkByHeader(
  world: World,
  query: Query = {},
  endpoint = 'objects'
): Promise<Step[]> {
  const pages = [await read(world, query, endpoint)]
  while (pages.at(-1)!.more) {
    if (pages.length > maxPages) throw new Error('the walk does not end')
    pages.push(await read(world, { ...query, added_after: pages.at(-1)!.lastDate }, endpoint))
  }
  return pages
}

export const idsOf = (pages: readonly Step[]): string[] => pages.flatMap(({ ids }) => ids)
export const keysOf = (pages: readonly Step[]): string[] => pages.flatMap(({ keys }) => keys)
export const datesOf = (pages: readonly Step[]): string[] => pages.flatMap(({ dates }) => dates)

/** `id|modified` of what Sekoia holds, in its order, times in the form that leaves the gateway. */
export const truth = (world: World, feedId?: string): string[] =>
  world.simulator.visible(feedId).map(({ id, modified }) => `${id}|${padded(modified)}`)

/** The repair rule: at least three fraction digits. */
export const padded = (time: string): string =>
  time.replace(/(?:\.(\d*))?Z$/, (_, fraction = '') => `.${fraction.padEnd(3, '0')}Z`)
