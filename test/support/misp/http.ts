import type { IncomingHttpHeaders } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Test } from 'tap'
import { type Dispatcher, Pool } from 'undici'
import type { FetchFeed } from './feed-client.ts'

/** Requests over real HTTP, as a client's library writes them: the path goes out to the letter. */

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As it came, still encoded. */
  readonly body: Buffer
  readonly text: string
}

export interface AskOptions {
  readonly method?: Dispatcher.HttpMethod
  /** One that is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
}

export type Ask = (path: string, options?: AskOptions) => Promise<HttpAnswer>

/** Requests to an origin, with the key as a bearer token unless headers say otherwise. */
export function asking(t: Test, origin: string, key: string): Ask {
  const pool = new Pool(origin)
  t.teardown(() => pool.destroy())
  return async (path, { method = 'GET', headers = {} } = {}) => {
    const all = { authorization: `Bearer ${key}`, ...headers }
    const given = Object.entries(all).flatMap(([name, value]) => (value ? [name, value] : []))
    const answer = await pool.request({ path, method, headers: given })
    const body = Buffer.from(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: answer.headers, body, text: body.toString() }
  }
}

export const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }

/** The uuids of a manifest. */
export const uuidsOf = ({ text }: Pick<HttpAnswer, 'text'>): string[] =>
  Object.keys(JSON.parse(text))

/** Everything that a feed's URL gives, by name of the file. Throws when something listed is not there. */
export async function download(ask: Ask, base: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const take = async (name: string) => {
    const answer = await ask(`${base}/${name}`)
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`)
    files.set(name, answer.text)
    return answer
  }
  for (const uuid of uuidsOf(await take('manifest.json'))) await take(`${uuid}.json`)
  await take('hashes.csv')
  return files
}

/** A feed's URL as a simulated MISP or OpenCTI fetches from it. */
export const fetching =
  (ask: Ask, base: string): FetchFeed =>
  (path, headers) =>
    ask(`${base}${path}`, { headers })
