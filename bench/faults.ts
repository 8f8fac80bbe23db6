/** Do pages that are held come as fast as ever while something is wrong with Sekoia? */
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { type Knob, knobs } from '../test/support/knobs.ts'
import { getPage, key, objectsPath, taxiiHeaders } from './support/clients.ts'
import { Control, withShortPauses } from './support/control.ts'
import { startGateway, startSimulator, temporaryDir } from './support/processes.ts'
import { percentile, publish, type Row, round } from './support/report.ts'

const [objects, limit, connections] = [20_000, 100, 4]
const [rounds, windowMs, pollMs] = [2, 2000, 200]
const mostRatio = 2

/** Latencies in milliseconds. */
interface Windows {
  readonly calm: number[]
  readonly troubled: number[]
}

const simulator = await startSimulator(objects, key)
const control = new Control(simulator.url, key)
const gateway = await startGateway({
  upstream: simulator,
  dataDir: temporaryDir(),
  env: { FEED_LOG_TIP_SECONDS: '1', UPSTREAM_BREAKER_RESET_MS: '500' }
})
const pool = new Pool(gateway.url, { connections })
const { places, lastDate } = await collectPlaces()
let refusals = 0
const tried = knobs.filter(knob => knob.refusals.length === 0 && knob.probability !== 0.5)
const windows = new Map(tried.map(knob => [knob, { calm: [], troubled: [] } as Windows]))
const polling = new AbortController()
const polls = pollTheTip()
for (let i = 0; i < rounds; i++) for (const knob of tried) await compare(knob)
polling.abort()
await polls
await pool.close()
await gateway.stop()
await simulator.stop()

const rows = [...windows].map(([{ name }, taken]) => toRow(name, taken))
const all = {
  calm: [...windows.values()].flatMap(({ calm }) => calm),
  troubled: [...windows.values()].flatMap(({ troubled }) => troubled)
}
const total = toRow('all together', all)
const worst = Math.max(...rows.map(row => Number(row['p99 ratio'])))
publish({
  question: `Requests for pages that are held, while each knob of the simulated Sekoia is turned, against the time before it is turned: p99 may be ${mostRatio} times as large at most, and no request may fail.`,
  tables: {
    [`${refusals === 0 && worst <= mostRatio ? 'Held' : 'NOT HELD'}: ${refusals} failures, worst ratio of p99 ${worst}`]:
      [total, ...rows]
  },
  notes: [
    `${connections} connections ask for pages of ${limit} objects by \`next\`, at random places of ${objects.toLocaleString('en')} objects, one request after the other. A poller asks for what is new every ${pollMs} ms, and something new comes, so that Sekoia is asked every second (\`FEED_LOG_TIP_SECONDS=1\`).`,
    `Each knob: ${windowMs / 1000} s without trouble, then ${windowMs / 1000} s with it, ${rounds} times, spread over the run. Milliseconds; ratios of the same knob’s windows.`,
    'Loopback; simulator, gateway and clients share the cores, so a simulator that answers at once takes CPU from the gateway, and one that refuses gives it back.',
    'A refused key is not among them: its pages have to be refused.'
  ]
})
process.exitCode = refusals === 0 && worst <= mostRatio ? 0 : 1

/** Reads everything; resolves with the query of each page and the date of the last one. */
async function collectPlaces(): Promise<{ places: string[]; lastDate: string }> {
  const places: string[] = []
  for (let query = `limit=${limit}`; ; ) {
    const { body, lastDate } = await getPage(gateway.url, query)
    const { next } = JSON.parse(body.toString()) as { next?: string }
    if (next === undefined) return { places, lastDate }
    query = `limit=${limit}&next=${encodeURIComponent(next)}`
    places.push(query)
  }
}

async function compare(knob: Knob): Promise<void> {
  const { calm, troubled } = windows.get(knob)!
  await askFor(windowMs, calm)
  const mended = control.disturb(withShortPauses(knob), windowMs)
  await askFor(windowMs, troubled)
  await mended
}

/** Requests from all connections for so long; their latencies are added to the list. */
async function askFor(ms: number, latencies: number[]): Promise<void> {
  const end = performance.now() + ms
  const ask = async () => {
    while (performance.now() < end) {
      const place = places[Math.floor(Math.random() * places.length)]!
      const askedAt = performance.now()
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: `${objectsPath}?${place}`,
        headers: taxiiHeaders
      })
      await body.arrayBuffer()
      latencies.push(performance.now() - askedAt)
      if (statusCode !== 200) refusals++
    }
  }
  await Promise.all(Array.from({ length: connections }, ask))
}

async function pollTheTip(): Promise<void> {
  const waiting = new Set<Promise<unknown>>()
  while (!polling.signal.aborted) {
    const poll = getPage(gateway.url, `limit=${limit}&added_after=${lastDate}`)
    waiting.add(poll.finally(() => waiting.delete(poll)))
    await control.call('POST', 'add', { count: 1 }).catch(() => {})
    await delay(pollMs)
  }
  await Promise.all(waiting)
}

function toRow(trouble: string, { calm, troubled }: Windows): Row {
  const of = (part: number) => [percentile(calm, part), percentile(troubled, part)] as const
  const [[calm50, p50], [calm99, p99]] = [of(0.5), of(0.99)]
  return {
    trouble,
    requests: troubled.length,
    'p50 before': round(calm50, 2),
    p50: round(p50, 2),
    'p50 ratio': round(p50 / calm50, 2),
    'p99 before': round(calm99, 2),
    p99: round(p99, 2),
    'p99 ratio': round(p99 / calm99, 2)
  }
}
