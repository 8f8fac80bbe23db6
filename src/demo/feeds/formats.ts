/** Page bodies. Formats other than JSON carry the cursor in the header `Cursor` (SEKOIA-9.26). */
import type { StixObject } from '../corpus/context.ts'
import type { FeedState } from './feed-state.ts'
import type { FeedDescription } from './feeds.ts'
import type { FeedPage } from './page.ts'
import type { PageQuery } from './page-query.ts'

export interface Payload {
  readonly type: string
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
}

export interface FormatOptions {
  readonly state: FeedState
  readonly feed: FeedDescription
  readonly query: PageQuery
  /** SEKOIA-9.18: pages have `spec_version` and `lang` only when this is set. */
  readonly complete: boolean
}

/** A page in the format asked for. */
export function formatPage(page: FeedPage, options: FormatOptions): Payload {
  const { query, feed, state } = options
  if (query.format === 'json') return pageJson(page, options)
  const objects = page.refs
    .filter(ref => state.isObject(ref))
    .map(ref => JSON.parse(state.json(ref)) as StixObject)
  const lines = objects.map(object => lineOf(object, query, feed))
  if (query.format === 'csv') lines.unshift(columnsOf(feed).join(','))
  return {
    type: query.format === 'csv' ? 'text/csv; charset=utf-8' : 'text/plain; charset=utf-8',
    bytes: Buffer.from(lines.map(line => `${line}\n`).join('')),
    headers: page.nextCursor === null ? {} : { cursor: page.nextCursor }
  }
}

/** A JSON text as a body. */
export const jsonBody = (text: string | Buffer): Payload => ({
  type: 'application/json',
  bytes: Buffer.from(text),
  headers: {}
})

/** Items, as text or bytes, as the JSON array of a body that begins and ends with these texts. */
export function itemsBody(
  start: string,
  items: readonly (string | Buffer)[],
  end: string
): Payload {
  if (items.every(item => typeof item === 'string'))
    return jsonBody(`${start}[${items.join(',')}]${end}`)
  const parts = items.flatMap(item => [Buffer.from(','), Buffer.from(item)]).slice(1)
  return jsonBody(Buffer.concat([Buffer.from(`${start}[`), ...parts, Buffer.from(`]${end}`)]))
}

/** An object as it comes by id: with the members that pages leave out. */
export const completeObject = (object: StixObject): StixObject => ({
  lang: 'en',
  spec_version: '2.1',
  x_ic_is_in_flint: false,
  ...object
})

function pageJson(page: FeedPage, { state, complete, query }: FormatOptions): Payload {
  const full = complete || query.returnAllFields
  const items = page.refs.map(ref => {
    const raw = state.raw(ref)
    if (raw) return raw
    const text = state.json(ref)
    const converts = query.convertNetworkTraffic && text.includes('[network-traffic:')
    if (!full && !converts) return text
    const object = JSON.parse(text) as StixObject
    const converted = converts ? { ...object, pattern: plainPattern(object) } : object
    return JSON.stringify(full ? completeObject(converted) : converted)
  })
  return itemsBody('{"items":', items, `,"next_cursor":${JSON.stringify(page.nextCursor)}}`)
}

/** The far end of network traffic as a pattern of its own (`convert_network_traffic`). */
function plainPattern({ pattern, x_ic_observable_types: types }: StixObject): unknown {
  const [, value] = /^\[network-traffic:dst_ref\.value = '([^']+)'/.exec(String(pattern)) ?? []
  return value && Array.isArray(types) ? `[${types[0]}:value = '${value}']` : pattern
}

const columnsOf = (feed: FeedDescription): readonly string[] =>
  feed.fields.length > 0 ? feed.fields : ['id', 'type', 'name', 'created', 'modified', 'pattern']

function lineOf(object: StixObject, { format }: PageQuery, feed: FeedDescription): string {
  if (format === 'csv')
    return columnsOf(feed)
      .map(name => quote(cell(object, name)))
      .join(',')
  if (format === 'custom') {
    return (feed.template ?? '$name').replace(/\$(\w+)/g, (_, name: string) => cell(object, name))
  }
  return cell(object, 'name') || object.id
}

const renamed: Readonly<Record<string, string>> = {
  sources: 'x_inthreat_sources_refs',
  tlp: 'object_marking_refs',
  observable_types: 'x_ic_observable_types',
  kill_chain: 'kill_chain_phases'
}

function cell(object: StixObject, name: string): string {
  const value = object[renamed[name] ?? name] ?? ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const quote = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
