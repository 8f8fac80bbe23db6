/** What do the status and the rest of `/gateway/v1/` cost with 50 feeds and 1,000 consumers, and what does remembering a consumer add to a request? */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { Journal } from '../src/feedlog/journal/journal.ts'
import { stateOf } from '../src/feedlog/log-state.ts'
import { Consumers, type Reading } from '../src/gateway/consumers.ts'
import { type GatewayDeps, registerGateway } from '../src/gateway/routes.ts'
import { History } from '../src/history/history.ts'
import { authPlugin } from '../src/http/auth.ts'
import { identityOf } from '../src/http/identity.ts'
import { requestLog } from '../src/http/request-log.ts'
import { buildServer } from '../src/http/server.ts'
import { ApiKey, type ScopeId } from '../src/kernel/caller.ts'
import { silentMeter, systemClock } from '../src/kernel/ports.ts'
import { createMeter } from '../src/ops/metrics.ts'
import { createTotals } from '../src/ops/totals.ts'
import { createMemoryDocuments } from '../src/stores/memory-documents.ts'
import { median, publish, type Row, round } from './support/report.ts'

const feeds = 50
const headsOfFeed = 500
const consumersOfAll = 1000
const rounds = 100
const scope = '0123456789abcdef0123456789abcdef' as ScopeId
const now = systemClock.now()

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heap = () => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const feedOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function journalOf(): Journal {
  const journal = Journal.create(now - 86_400_000, 1000)
  const chain = journal.addChain(0)
  for (let n = 0; n < headsOfFeed; n++) {
    const date = now - (headsOfFeed - n) * 60_000
    journal.put(
      {
        no: journal.nextNumber(),
        stamp: 'x',
        chain: chain.start,
        kind: 'history',
        source: {},
        count: 2000,
        firstDate: date,
        lastDate: date,
        minNatural: date,
        maxNatural: date,
        stored: [],
        supersedes: [],
        superseded: []
      },
      []
    )
  }
  return journal
}

const readingOf = (n: number): Reading => ({
  identity: {
    address: `192.0.2.${n % 250}`,
    userAgent: `connector-${n}/6.8.10 (linux; x86_64)`,
    user: `consumer-${n}`
  },
  scope,
  dialect: 'taxii',
  feedId: feedOf(n % feeds),
  target: `/sekoia/collections/x/objects/?next=${'A'.repeat(80)}${n}`,
  status: 200,
  items: 1000,
  bytes: 1_000_000,
  progress: { more: true, reached: now - n * 1000 }
})

const before = heap()
const consumers = new Consumers(systemClock)
for (let n = 0; n < consumersOfAll; n++) consumers.note(readingOf(n))
const heldBytes = heap() - before

const journals = Array.from({ length: feeds }, journalOf)
const logs = () =>
  journals.map((journal, n) =>
    stateOf(
      { name: `v1:${scope}:x`, feedId: feedOf(n), types: [], all: false },
      journal,
      systemClock.now()
    )
  )
const listed = journals.map((_, n) => ({
  feedId: feedOf(n),
  collectionId: feedOf(n),
  alias: undefined,
  title: `Feed ${n}`,
  description: 'As it is described in Sekoia',
  isNewestFirst: false,
  isJson: true,
  obstacle: undefined
}))
/** A month of history, every slot of it with figures. */
async function fullHistory(): Promise<{ history: History; storedBytes: number }> {
  let at = now - 30 * 86_400_000
  const totals = { read: 0, calls: 0, callsFailed: 0, callsLimited: 0, latency: [] as number[] }
  const clock = { ...systemClock, now: () => at }
  const store = createMemoryDocuments({ maxBytes: 1e9 })
  const history = new History({
    clock,
    store,
    totals: async () => ({ ...totals }),
    lag: () => 17,
    failing: () => 0
  })
  for (; at < now; at += 600_000) {
    for (const status of [200, 200, 304, 401, 404, 503])
      history.recorder.note({ dialect: 'taxii', status, items: 100_000 })
    totals.read += 12_345
    totals.calls += 600
    totals.latency = Array.from({ length: 11 }, (_, i) => (totals.latency[i] ?? 0) + 60 - i)
    await history.recorder.sample()
  }
  at = now
  await history.write()
  let storedBytes = 0
  for (const table of ['day', 'month', 'writers'])
    for await (const batch of store.scan('history', table))
      for (const { key, value } of batch) storedBytes += key.length + value.length
  return { history, storedBytes }
}

const { history, storedBytes } = await fullHistory()

/** A status reads the calls to Sekoia off the meter. */
const meter = createMeter()
for (const endpoint of ['page', 'objects', 'relationships', 'feeds', 'context', 'indicators'])
  for (const outcome of ['200', '404', '429', '500', '503', 'timeout', 'unavailable'])
    meter.observe('upstream_request_duration', { endpoint, outcome }, 0.3)
const totals = createTotals(meter)
const deps: GatewayDeps = {
  clock: systemClock,
  meter: silentMeter,
  rights: { verify: async () => {}, validity: () => () => true },
  catalog: { overview: async () => listed },
  known: async () => [{ scope, feeds: listed }],
  consumers: async () => consumers.list(),
  logs: async () => logs(),
  condition: async () => {
    await totals()
    return {
      version: '0',
      phase: 'serving',
      startedAt: now,
      parts: { store: undefined, upstream: undefined, feeds: undefined },
      breaker: 'closed',
      clockSkewMs: 0,
      succeededAt: now,
      lastFailureAt: undefined,
      recent: { calls: 900, failed: 1, rateLimited: 0, medianMs: 200, p95Ms: 900 },
      residentBytes: process.memoryUsage.rss(),
      replicas: 1,
      store: { kind: 'sqlite', isShared: true }
    }
  },
  mispBuilds: async () => [],
  history,
  askKey: async () => ({ feeds: undefined, intelligence: undefined }),
  settings: {
    publicUrl: 'https://cti.example.com',
    apiRoot: 'sekoia',
    mediaType: 'application/taxii+json;version=2.1',
    defaultLimit: 1000,
    maxLimit: 10_000,
    hasMisp: true,
    keyHeader: 'X-API-Key',
    queryParameter: ''
  }
}
const server = buildServer({ logger: pino({ level: 'silent' }) })
await server.register(requestLog)
await server.register(authPlugin, {
  credentials: { headerName: 'x-api-key', queryParameter: undefined },
  toCaller: key => ({ key, scope }),
  isOperator: () => true
})
await registerGateway(server, deps, { operator: true, keys: true })
await server.ready()

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The first answer also counts the objects of each journal, and meets code that has not run yet. */
async function measure(path: string): Promise<Row> {
  const took: number[] = []
  let bytes = 0
  const heapBefore = heap()
  let peak = 0
  for (let n = 0; n < rounds; n++) {
    const started = cpuMs()
    const reply = await server.inject({
      url: `/gateway/v1/${path}`,
      headers: { authorization: 'Bearer x' }
    })
    took.push(cpuMs() - started)
    bytes = reply.rawPayload.length
    if (n === 0) peak = process.memoryUsage().heapUsed - heapBefore
  }
  return {
    path,
    'first ms of CPU': round(took[0]!, 1),
    'median ms of CPU': round(median(took), 1),
    'slowest ms of CPU': round(Math.max(...took.slice(1)), 1),
    'answer kB': round(bytes / 1000, 0),
    'heap MB of one answer': round(peak / 1e6, 1)
  }
}

// What sends the requests here is no part of the gateway: its own first time does not count.
await server.inject({ url: '/unknown' })
const answers: Row[] = []
for (const path of ['status', 'feeds', 'consumers', 'checks', 'setup', 'history'])
  answers.push(await measure(path))

/** What a request pays: its identity, and its consumer's row. */
function perRequest(): Row {
  const request = {
    headers: {
      'user-agent': 'connector-1/6.8.10 (linux; x86_64)',
      authorization: `Basic ${Buffer.from('opencti:a-key').toString('base64')}`
    },
    caller: { key: new ApiKey('a-key'), scope }
  } as unknown as Parameters<typeof identityOf>[0]
  const times = 200_000
  const timed = (work: (n: number) => void) => {
    for (let n = 0; n < 10_000; n++) work(n)
    const started = cpuMs()
    for (let n = 0; n < times; n++) work(n)
    return round(((cpuMs() - started) * 1000) / times, 2)
  }
  const reading = readingOf(1)
  return {
    'identity µs': timed(() => identityOf(request, '192.0.2.7')),
    'history µs': timed(() => history.recorder.note({ dialect: 'taxii', status: 200, items: 9 })),
    'consumer µs': timed(n => consumers.note({ ...reading, target: `/x?next=${n}` }))
  }
}

const added = perRequest()
await server.close()
publish({
  question:
    'What do the status and the rest of `/gateway/v1/` cost with 50 feeds of a million objects and 1,000 consumers, and what does remembering a consumer, and counting for the history, add to a request?',
  tables: {
    'One answer': answers,
    'Held for 1,000 consumers': [{ 'heap MB': round(heldBytes / 1e6, 1) }],
    'History of 30 days in the store': [{ 'stored kB': round(storedBytes / 1000, 0) }],
    'Added to a request': [added]
  },
  notes: [
    'CPU of the process, request and answer without a socket; the median of 100, the first one, with code that has not run yet, apart.',
    'Wanted: at most 20 ms and 20 MB for the status.'
  ]
})
