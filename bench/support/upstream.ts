/**
 * A simulated Sekoia in a process of its own that answers every question only once: what it said to a URL is
 * kept as compressed bytes and given again, so that a bench does not measure how the simulator makes objects.
 * Arguments: the number of objects, the milliseconds to wait before each page, and the days that the objects span.
 * Prints its URL.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { startSimulator } from '../../src/demo/simulator.ts'

interface Kept {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

const [objects = 10_000, delayMs = 0, historyDays] = process.argv.slice(2).map(Number)
const simulator = await startSimulator({
  objects,
  key: 'bench-key',
  ...(historyDays !== undefined && { historyDays })
})
const kept = new Map<string, Kept>()
/** Questions for pages of a feed. */
let pageCalls = 0

async function answer(path: string): Promise<Kept> {
  const known = kept.get(path)
  if (known) return known
  const { statusCode, headers, body } = await request(simulator.url + path, {
    headers: { authorization: `Bearer ${simulator.key}`, 'accept-encoding': 'gzip' }
  })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${statusCode} for ${path}: ${bytes}`)
  const names = ['content-type', 'content-encoding'] as const
  const answered = {
    headers: Object.fromEntries(names.map(name => [name, String(headers[name] ?? 'identity')])),
    bytes
  }
  kept.set(path, answered)
  return answered
}

const server = createServer({ keepAliveTimeout: 60_000 }, async (incoming, response) => {
  const path = incoming.url ?? '/'
  if (path === '/_calls') {
    response.end(`${pageCalls}`)
    return
  }
  if (/\/objects\?/.test(path)) pageCalls++
  const { headers, bytes } = await answer(path)
  if (delayMs > 0) await delay(delayMs)
  response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes)
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => process.exit())
