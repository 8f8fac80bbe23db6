/** Two clients that read everything: one TAXII from the gateway, one Sekoia's own paging from the simulator. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Pool, request } from 'undici'

const inflate = promisify(gunzip)
export const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
export const key = 'bench-key'
export const authorization = `Bearer ${key}`

export const objectsPath = `/sekoia/collections/${feedId}/objects/`
export const taxiiHeaders = { authorization, accept: 'application/taxii+json;version=2.1' }

export interface WalkOptions {
  /** Objects per page. */
  readonly limit: number
  /** True: each page is also parsed with JSON.parse, as every real client does. */
  readonly parse: boolean
  /** Whether gzip is asked for, as most client libraries do unasked. Default: not in TAXII, but of Sekoia. */
  readonly gzip?: boolean
  /** Told how many objects have come, after each page (of full pages; the last may be short), and the page. */
  onPage?(objects: number, page: Buffer): void
}

export interface Walk {
  readonly ms: number
  readonly pages: number
  readonly bytes: number
}

type Fetch = (place: string | undefined) => Promise<{ body: Buffer; next: string | undefined }>

async function walk(fetch: Fetch, { limit, parse, onPage }: WalkOptions): Promise<Walk> {
  const startedAt = performance.now()
  let [pages, bytes] = [0, 0]
  let place: string | undefined
  do {
    const { body, next } = await fetch(place)
    if (parse) JSON.parse(body.toString())
    pages++
    bytes += body.length
    place = next
    onPage?.(pages * limit, body)
  } while (place !== undefined)
  return { ms: performance.now() - startedAt, pages, bytes }
}

/** Follows `next` to the end, as TAXII 2.1 §3.5 says; `next` is found without parsing. */
export async function walkTaxii(url: string, options: WalkOptions): Promise<Walk> {
  const pool = new Pool(url)
  const fetch: Fetch = async place => {
    const next = place === undefined ? '' : `&next=${encodeURIComponent(place)}`
    const { statusCode, headers, body } = await pool.request({
      method: 'GET',
      path: `${objectsPath}?limit=${options.limit}${next}`,
      headers: options.gzip ? { ...taxiiHeaders, 'accept-encoding': 'gzip' } : taxiiHeaders
    })
    const raw = Buffer.from(await body.arrayBuffer())
    if (statusCode !== 200) throw new Error(`${statusCode}: ${raw}`)
    const bytes = headers['content-encoding'] === 'gzip' ? await inflate(raw) : raw
    return { body: bytes, next: /"next":"([^"]+)"/.exec(bytes.toString('latin1', 0, 2000))?.[1] }
  }
  return walk(fetch, options).finally(() => pool.close())
}

/** Follows `next_cursor` to where it stops, at Sekoia or at the gateway. */
export async function walkSekoia(url: string, options: WalkOptions): Promise<Walk> {
  const pool = new Pool(url)
  const { gzip = true } = options
  const fetch: Fetch = async place => {
    const cursor = place === undefined ? '' : `&cursor=${encodeURIComponent(place)}`
    const { statusCode, headers, body } = await pool.request({
      method: 'GET',
      path: `/v2/inthreat/collections/${feedId}/objects?limit=${options.limit}${cursor}`,
      headers: gzip ? { authorization, 'accept-encoding': 'gzip' } : { authorization }
    })
    const raw = Buffer.from(await body.arrayBuffer())
    const bytes = headers['content-encoding'] === 'gzip' ? await inflate(raw) : raw
    if (statusCode !== 200) throw new Error(`${statusCode}: ${bytes}`)
    const next = /"next_cursor":"([^"]+)"\}$/.exec(
      bytes.toString('latin1', bytes.length - 500)
    )?.[1]
    return { body: bytes, next: next === place ? undefined : next }
  }
  return walk(fetch, options).finally(() => pool.close())
}

/** One page of the collection, and the time it took. */
export async function getPage(
  url: string,
  query: string
): Promise<{ ms: number; body: Buffer; lastDate: string }> {
  const startedAt = performance.now()
  const { statusCode, body, headers } = await request(`${url}${objectsPath}?${query}`, {
    headers: taxiiHeaders
  })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${statusCode}: ${bytes}`)
  const lastDate = String(headers['x-taxii-date-added-last'])
  return { ms: performance.now() - startedAt, body: bytes, lastDate }
}

/** The sum of one counter of the gateway over its labels, or over those labels that hold `label`. */
export async function readCounter(url: string, name: string, label = ''): Promise<number> {
  const { body } = await request(`${url}/metrics`)
  const lines = (await body.text()).split('\n')
  const wanted = lines.filter(
    line => line.startsWith(`sekoia_gateway_${name}_total`) && line.includes(label)
  )
  return wanted.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
