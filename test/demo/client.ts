import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/demo/simulator.ts'

/** Whole test runs happen at this time. */
export const noon = Date.UTC(2026, 0, 15, 12)
export const defaultFeed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

export interface Item {
  id: string
  type: string
  modified: string
  [member: string]: unknown
}

export interface PageBody {
  items: Item[]
  next_cursor: string | null
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** A small simulator with its clock at noon, closed at the end of the test. */
export async function simulate(t: Teardown, options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ objects: 300, now: noon, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

/** A request with the simulator's key, or with other headers. */
export const request = (simulator: Simulator, path: string, init: RequestInit = {}) =>
  fetch(`${simulator.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${simulator.key}`, ...init.headers }
  })

/** The path of a feed's page. */
export function pagePath(query: Record<string, string | number> = {}, feed = defaultFeed): string {
  const text = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`])
  )
  return `/v2/inthreat/collections/${feed}/objects?${text}`
}

/** A page that must come with status 200. */
export async function page(
  simulator: Simulator,
  query: Record<string, string | number> = {},
  feed?: string
): Promise<PageBody> {
  const response = await request(simulator, pagePath(query, feed))
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return (await response.json()) as PageBody
}

/** Status of a page request. */
export const pageStatus = async (
  simulator: Simulator,
  query: Record<string, string | number>,
  feed?: string
): Promise<number> => (await request(simulator, pagePath(query, feed))).status

/** All pages until the cursor stands still or is null; `between` runs after each page. */
export async function walk(
  simulator: Simulator,
  query: Record<string, string | number> = {},
  between: () => void = () => {}
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  for (let pages = 0; pages < 1000; pages++) {
    const body = await page(simulator, cursor === null ? query : { ...query, cursor })
    items.push(...body.items)
    if (body.next_cursor === null || body.next_cursor === cursor) return items
    cursor = body.next_cursor
    between()
  }
  throw new Error('the walk does not end')
}

export const cursorOf = (text: string): string => Buffer.from(text).toString('base64')
