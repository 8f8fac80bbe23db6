import type { Test } from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import { buildGateway, type Gateway, type GatewayOptions } from './app.ts'
import { defaultFeed } from './gateway.ts'
import { padded } from './walks.ts'

export interface Item {
  id: string
  type: string
  modified: string
  [member: string]: unknown
}

export interface Page {
  items: Item[]
  next_cursor: string
}

/** Where a native client sends its requests: the gateway, or Sekoia itself. */
export type Get = (path: string, key?: string) => Promise<Reply>

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
  readonly body: any
}

export interface NativeWorld {
  readonly gateway: Gateway
  readonly simulator: Simulator
  readonly get: Get
  readonly getDirect: Get
}

export const native = '/v2/inthreat'

/** The path of a page of the default feed. */
export const pagePath = (query = '', feed = defaultFeed): string =>
  `${native}/collections/${feed}/objects${query && `?${query}`}`

export async function nativeWorld(t: Test, options: GatewayOptions = {}): Promise<NativeWorld> {
  const gateway = await buildGateway(t, options)
  const { simulator } = gateway
  return {
    gateway,
    simulator,
    get: getThrough(gateway),
    getDirect: async (path, key = simulator.key) => {
      const reply = await fetch(simulator.url + path, {
        headers: { authorization: `Bearer ${key}` }
      })
      const text = await reply.text()
      return toReply(reply.status, Object.fromEntries(reply.headers), text)
    }
  }
}

export const getThrough =
  ({ send }: Gateway): Get =>
  async (path, key) => {
    const { statusCode, headers, body } = await send({
      url: path,
      ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } })
    })
    return toReply(statusCode, headers, body)
  }

const toReply = (status: number, headers: Record<string, unknown>, text: string): Reply => {
  const isJson = /json/.test(String(headers['content-type']))
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** All pages, as the documented sample script reads them: until one is shorter than asked for. */
export async function walk(
  get: Get,
  { limit = 20, query = '', cursor = '', feed = defaultFeed } = {}
): Promise<{ items: Item[]; cursor: string; pages: number }> {
  const items: Item[] = []
  let next = cursor
  for (let pages = 1; pages < 1000; pages++) {
    const parts = [`limit=${limit}`, query, next && `cursor=${next}`].filter(Boolean)
    const reply = await get(pagePath(parts.join('&'), feed))
    if (reply.status !== 200) throw new Error(`status ${reply.status}: ${reply.text}`)
    const page = reply.body as Page
    if (page.next_cursor === null) throw new Error('a null cursor')
    if (page.items.length > 0 && page.next_cursor === next)
      throw new Error('the cursor stood still')
    items.push(...page.items)
    next = page.next_cursor
    if (page.items.length < Math.min(limit, 2000)) return { items, cursor: next, pages }
  }
  throw new Error('the walk does not end')
}

/** Versions, whatever the form of their times: the gateway mends those that STIX does not allow. */
export const keysOf = (items: readonly { id: string; modified: string }[]): string[] =>
  items.map(({ id, modified }) => `${id} ${padded(modified)}`)
