/** Context bundles of indicators, the usual look-up of a script for Sekoia, and where to ask for them. */
import { request } from 'undici'
import { authorization, walkSekoia } from './clients.ts'

const contextPath = (id: string): string => `/v2/inthreat/objects/${id}/context`

/** Paths of the contexts of so many indicators, spread over the feed; each has been asked of Sekoia once. */
export async function contextsAt(sekoia: string, count: number): Promise<string[]> {
  const ids: string[] = []
  await walkSekoia(sekoia, {
    limit: 2000,
    parse: false,
    onPage(_read, page) {
      for (const [, id] of page.toString().matchAll(/"id":"(indicator--[^"]+)"/g)) ids.push(id!)
    }
  })
  const step = Math.max(1, ids.length / count)
  const paths: string[] = []
  for (let at = 0; at < ids.length && paths.length < count; at += step)
    paths.push(contextPath(ids[Math.floor(at)]!))
  for (const path of paths) await ask(sekoia, path)
  return paths
}

/** That path whose plain answer has nearest to so many bytes, and how many it has. */
export async function nearestTo(
  bytes: number,
  url: string,
  paths: readonly string[]
): Promise<{ path: string; bytes: number }> {
  const found: { path: string; bytes: number }[] = []
  for (const path of paths)
    found.push({ path, bytes: (await ask(url, path, 'identity')).bytes.length })
  const off = (answer: { bytes: number }) => Math.abs(answer.bytes - bytes)
  return found.sort((a, b) => off(a) - off(b))[0]!
}

/** One look-up, and the milliseconds to the end of its answer; `use` is its `X-Cache`. */
export async function ask(url: string, path: string, encoding = 'gzip') {
  const askedAt = performance.now()
  const { statusCode, headers, body } = await request(url + path, {
    headers: { authorization, 'accept-encoding': encoding }
  })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${statusCode} for ${path}: ${bytes}`)
  return { ms: performance.now() - askedAt, bytes, use: headers['x-cache'] }
}
