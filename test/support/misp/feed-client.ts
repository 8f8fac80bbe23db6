import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { isRecord, type Json } from './json.ts'

export type FeedPath = '/manifest.json' | '/hashes.csv' | `/${string}.json`

/** An answer as it went over the wire: a body under Content-Encoding is still encoded. */
export interface FeedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | number | undefined>>
  readonly body: Buffer | string
}

/** One GET below the feed's URL. */
export type FetchFeed = (
  path: FeedPath,
  headers: Readonly<Record<string, string>>
) => Promise<FeedAnswer>

/** What a MISP 2.5.1 sends (MISP-1.5); a custom header of the feed's is the test's to add. */
const mispHeaders = {
  accept: 'application/json, text/plain, text/*',
  'accept-encoding': 'deflate, gzip, br, zstd',
  'misp-version': '2.5.1',
  'user-agent': 'MISP 2.5.1'
}

/** MISP's side of HTTP: only the manifest is conditional, and only 200 is a success. */
export class FeedClient {
  readonly #fetch: FetchFeed
  #kept: { etag: string; text: string } | undefined

  constructor(fetch: FetchFeed) {
    this.#fetch = fetch
  }

  /** Throws when there is no usable manifest. On 304 it is the one that was kept. */
  async manifest(): Promise<{ manifest: Json; isKept: boolean }> {
    const kept = this.#kept
    const condition = kept ? { 'if-none-match': kept.etag } : {}
    const answer = await this.#fetch('/manifest.json', { ...mispHeaders, ...condition })
    if (answer.status === 304 && kept) return { manifest: parseMap(kept.text), isKept: true }
    demand200('/manifest.json', answer)
    const text = bodyText(answer)
    const etag = header(answer, 'etag')
    this.#kept = typeof etag === 'string' ? { etag, text } : undefined
    return { manifest: parseMap(text), isKept: false }
  }

  /** The parsed file of an event. Throws when there is none. */
  async event(uuid: string): Promise<unknown> {
    return parse(await this.#get(`/${uuid}.json`))
  }

  /** The text of hashes.csv. Throws when there is none. */
  async hashes(): Promise<string> {
    const text = await this.#get('/hashes.csv')
    if (text === '') throw new Error('/hashes.csv is empty')
    return text
  }

  async #get(path: FeedPath): Promise<string> {
    const answer = await this.#fetch(path, mispHeaders)
    demand200(path, answer)
    return bodyText(answer)
  }
}

function demand200(path: string, answer: FeedAnswer): void {
  if (answer.status === 200) return
  throw new Error(`${path} answered ${answer.status}: ${bodyText(answer).slice(0, 100)}`)
}

/** MISP takes a list for a map, too. */
function parseMap(text: string): Json {
  const manifest = parse(text)
  if (isRecord(manifest)) return manifest
  if (Array.isArray(manifest)) return { ...manifest }
  throw new Error('/manifest.json is not an object')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`not JSON: ${text.slice(0, 100)}`)
  }
}

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync
}

/** The decoded text of an answer. Throws on an encoding that nobody asked for. */
export function bodyText(answer: FeedAnswer): string {
  const body = Buffer.from(answer.body as Buffer)
  const encoding = header(answer, 'content-encoding') ?? 'identity'
  if (encoding === 'identity' || body.length === 0) return body.toString()
  const decode = decoders[String(encoding)]
  if (!decode) throw new Error(`content-encoding ${encoding}`)
  return decode(body).toString()
}

function header({ headers }: FeedAnswer, name: string): unknown {
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)
  return found?.[1]
}
