import { once } from 'node:events'
import { get } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import t from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import type { Simulator } from '../../src/demo/simulator.ts'
import { noon, page, pagePath, pageStatus, request, simulate } from './client.ts'

/** A page request with plain node:http, which does not touch the body. */
async function raw(simulator: Simulator, headers: Record<string, string> = {}) {
  const outgoing = get(`${simulator.url}${pagePath({ limit: 50 })}`, {
    agent: false,
    headers: { authorization: `Bearer ${simulator.key}`, ...headers }
  })
  outgoing.on('error', () => {})
  const [response] = await once(outgoing, 'response')
  return response as import('node:http').IncomingMessage
}

const withFault = async (t: Parameters<typeof simulate>[0], fault: Fault) => {
  const simulator = await simulate(t)
  simulator.faults.once(fault)
  return simulator
}

t.test('item 27: 429 with Retry-After in seconds, as an HTTP date, or without', async t => {
  const simulator = await simulate(t)
  const retryAfter = async (fault: Partial<Fault>) => {
    simulator.faults.once({ kind: 'status', status: 429, ...fault })
    const response = await request(simulator, pagePath())
    t.equal(response.status, 429)
    t.match(await response.json(), { message: String, code: String })
    return response.headers.get('retry-after')
  }
  t.equal(await retryAfter({}), null)
  t.equal(await retryAfter({ retryAfterSeconds: 7 }), '7')
  const date = await retryAfter({ retryAfterSeconds: 7, retryAfterAsDate: true })
  t.equal(Date.parse(date!), noon + 7000)
})

t.test('item 27: 500, 502 and 503 have HTML bodies', async t => {
  const simulator = await simulate(t)
  for (const status of [500, 502, 503]) {
    simulator.faults.once({ kind: 'status', status })
    const response = await request(simulator, pagePath())
    t.equal(response.status, status)
    t.equal(response.headers.get('content-type'), 'text/html')
    t.match(await response.text(), /<html>/)
  }
  t.equal(await pageStatus(simulator, {}), 200)
})

t.test('item 27: a truncated body has the length of what is left', async t => {
  const simulator = await withFault(t, { kind: 'truncated' })
  const response = await raw(simulator)
  const text = await readText(response)
  t.equal(Number(response.headers['content-length']), Buffer.byteLength(text))
  t.throws(() => JSON.parse(text))
})

t.test('item 27: reset mid-body, and before the headers', async t => {
  const simulator = await withFault(t, { kind: 'reset' })
  await t.rejects(readText(await raw(simulator)))
  simulator.faults.once({ kind: 'reset', afterBytes: 0 })
  await t.rejects(raw(simulator), { code: 'ECONNRESET' })
  t.equal(simulator.calls.at(-1)?.status, 0)
})

t.test('item 27: a stalled body sends half and no more', async t => {
  const simulator = await withFault(t, { kind: 'stall', afterBytes: 10 })
  const response = await raw(simulator)
  const [chunk] = (await once(response, 'data')) as [Buffer]
  t.equal(chunk.length, 10)
  t.notOk(response.complete)
  response.destroy()
})

t.test('item 27: a slow first byte is the right answer late', async t => {
  const simulator = await withFault(t, { kind: 'slow', delayMs: 250 })
  const slow = page(simulator)
  while (simulator.calls.length < 1) await new Promise(setImmediate)
  const { items } = await page(simulator)
  t.equal(simulator.calls[0]?.status, 0, 'still unanswered')
  t.same((await slow).items, items)
})

t.test('item 27: 200 with an error object, with HTML, without items', async t => {
  const simulator = await simulate(t)
  const answer = async (kind: Fault['kind']) => {
    simulator.faults.once({ kind })
    const response = await request(simulator, pagePath())
    t.equal(response.status, 200)
    return response.text()
  }
  t.match(JSON.parse(await answer('error-object')), { message: String, code: String })
  t.match(await answer('html'), /^<html>/)
  t.notOk('items' in JSON.parse(await answer('no-items')))
})

t.test('item 27: gzip when asked for, not when switched off, and spoiled on demand', async t => {
  const simulator = await simulate(t)
  const encoding = async (accept: string) =>
    (await raw(simulator, { 'accept-encoding': accept })).resume().headers['content-encoding']
  t.equal(await encoding('gzip, br'), 'gzip')
  t.equal(await encoding('identity'), undefined)
  t.equal((await page(simulator)).items.length, 100, 'fetch unpacks it')
  simulator.faults.once({ kind: 'bad-gzip' })
  await t.rejects(page(simulator))
  simulator.switches.gzip = false
  t.equal(await encoding('gzip'), undefined)
})

t.test('item 27: the previous page of a feed comes again', async t => {
  const simulator = await simulate(t)
  const first = await page(simulator, { limit: 5 })
  simulator.faults.once({ kind: 'duplicate-page' })
  t.same(await page(simulator, { limit: 5, cursor: first.next_cursor! }), first)
  t.notSame(await page(simulator, { limit: 5, cursor: first.next_cursor! }), first)
})

t.test('item 27: a cursor may lead back to the beginning', async t => {
  const simulator = await simulate(t)
  const first = await page(simulator, { limit: 5 })
  const second = await page(simulator, { limit: 5, cursor: first.next_cursor! })
  simulator.faults.once({ kind: 'loop-cursor' })
  const third = await page(simulator, { limit: 5, cursor: second.next_cursor! })
  t.equal(third.next_cursor, first.next_cursor)
  t.not(third.items[0]!.id, second.items[0]!.id)
  simulator.faults.once({ kind: 'loop-cursor' })
  const shorter = await page(simulator, { limit: 2 })
  t.not(shorter.next_cursor, first.next_cursor, 'never forward')
})

t.test('item 27: connections are refused until reopened on the same port', async t => {
  const simulator = await simulate(t)
  const { url } = simulator
  await simulator.refuse()
  await t.rejects(raw(simulator), { code: 'ECONNREFUSED' })
  await simulator.reopen()
  t.equal(simulator.url, url)
  t.equal(await pageStatus(simulator, {}), 200)
})

t.test('item 27: faults wait for a match, strike several times, or at a rate', async t => {
  const simulator = await simulate(t)
  simulator.faults.once({ kind: 'status', match: '/feeds' }, 2)
  t.equal(await pageStatus(simulator, {}), 200)
  const feeds = async () => (await request(simulator, '/v2/inthreat/feeds')).status
  t.same([await feeds(), await feeds(), await feeds()], [503, 503, 200])
  simulator.faults.once({ kind: 'status', key: 'other' })
  t.equal(await feeds(), 200)
  t.equal(simulator.faults.waiting, 1)
  simulator.faults.rate({ kind: 'status' }, 0.5)
  const statuses = await Promise.all(Array.from({ length: 40 }, feeds))
  t.same([...new Set(statuses)].sort(), [200, 503])
  simulator.faults.clear()
  t.same([await feeds(), simulator.faults.waiting], [200, 0])
})

t.test('close ends held connections and pending answers at once', async t => {
  const simulator = await withFault(t, { kind: 'stall' })
  const held = await raw(simulator)
  simulator.faults.once({ kind: 'slow', delayMs: 3_600_000 })
  const waiting = t.rejects(raw(simulator))
  while (simulator.calls.length < 2) await new Promise(setImmediate)
  const ended = t.rejects(readText(held))
  await simulator.close()
  await Promise.all([waiting, ended])
  await simulator.close()
})
