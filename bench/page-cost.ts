/** What does one page of 2,000 objects cost, in CPU, on each way it can take through the gateway? */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { buildApp } from '../src/app.ts'
import { RightsGate } from '../src/auth/rights-gate.ts'
import { loadConfig } from '../src/config/load.ts'
import { Journal } from '../src/feedlog/journal/journal.ts'
import { decodeBody, encodeBody } from '../src/feedlog/journal/segment.ts'
import { encodeHead, type SegmentHead } from '../src/feedlog/journal/segment-head.ts'
import { FeedLogs } from '../src/feedlog/logs.ts'
import { planAppend, redate } from '../src/feedlog/sync/append.ts'
import { ApiKey, type ScopeId } from '../src/kernel/caller.ts'
import { silentMeter, systemClock } from '../src/kernel/ports.ts'
import { lastVersion, type Records } from '../src/kernel/records.ts'
import { createMeter } from '../src/ops/metrics.ts'
import { createSekoiaClient } from '../src/sekoia/client.ts'
import { createTransport } from '../src/sekoia/transport.ts'
import { feedObjectsPath, parseBaseUrl } from '../src/sekoia/wire.ts'
import { slicePage } from '../src/stix/slice.ts'
import { createMemoryAnswers } from '../src/stores/memory-answers.ts'
import { openSqliteStore } from '../src/stores/sqlite.ts'
import { openSqliteDocuments } from '../src/stores/sqlite-documents.ts'
import { feedId, objectsPath, walkSekoia } from './support/clients.ts'
import { startUpstream, temporaryDir } from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const objects = 200_000
const pageSize = 2000
const hits = 200

const clock = systemClock
const upstream = await startUpstream({ objects })
await walkSekoia(upstream.url, { limit: pageSize, parse: false })
const config = loadConfig({
  directory: fileURLToPath(new URL('../config', import.meta.url)),
  env: { SEKOIA_URL: upstream.url },
  readFile: path => readFileSync(path, 'utf8')
})
const key = new ApiKey('bench-key')
const caller = { key, scope: 'bench' as ScopeId }
const transportSettings = { ...config.upstream, clock }
const newStore = () =>
  openSqliteStore({ dataDir: temporaryDir(), bodyMaxBytes: config.store.bodyMaxBytes, clock })
const newClient = () =>
  createSekoiaClient({
    ...transportSettings,
    baseUrl: upstream.url,
    repair: true,
    meter: silentMeter
  })

const miss = new Map<string, number[]>()
const fromStore = new Map<string, number[]>()
const sizes = { received: 0, objects: 0, stored: 0 }
await stepByStep()
const inOne = await readThrough()
const hit = await overHttp()
await upstream.stop()
publish({
  question: `CPU milliseconds per page of ${pageSize.toLocaleString('en')} objects (user and system, all threads of the process, the compressing ones among them).`,
  tables: {
    'On a miss, step by step': rows(miss),
    'Out of SQLite': rows(fromStore),
    'A whole read (FeedLogs.read), garbage collection and all': inOne,
    [`Over HTTP, ${hits} requests for the same page`]: hit
  },
  notes: [
    `Real modules in this process, ${objects.toLocaleString('en')} objects in different pages; the simulator and the HTTP client are processes of their own.`,
    `A page is ${round(sizes.objects / 1e6, 2)} MB of objects, ${round(sizes.stored / 1e6, 2)} MB in the store.`,
    'The median hides the collection of garbage, which falls on few pages; the mean has it.'
  ]
})

async function timed<T>(
  into: Map<string, number[]>,
  step: string,
  work: () => T
): Promise<Awaited<T>> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  into.set(step, [...(into.get(step) ?? []), (user + system) / 1000])
  return result
}

async function stepByStep(): Promise<void> {
  const base = parseBaseUrl(upstream.url)
  const transport = createTransport({ ...transportSettings, origin: base.origin, maxPauseMs: 0 })
  const store = newStore()
  const journal = Journal.create(clock.now(), config.feedLog.maxIndexedIds)
  const chain = journal.addChain(0)
  const heads: SegmentHead[] = []
  let cursor: string | undefined
  for (;;) {
    const path = feedObjectsPath(base, {
      feedId,
      types: [],
      limit: pageSize,
      ...(cursor !== undefined && { cursor })
    })
    const signal = AbortSignal.timeout(60_000)
    const { body } = await timed(miss, 'receive (HTTP, gunzip)', () =>
      transport.send({ path, key, signal, onProgress: () => {} })
    )
    const page = await timed(miss, 'index (validate, slice, repair)', () =>
      slicePage(body, { repair: true })
    )
    if (page.entries.length < pageSize) break
    const { head, segment } = await timed(miss, 'date', () =>
      planAppend({
        journal,
        chain,
        body: page,
        source: cursor === undefined ? {} : { cursor },
        now: clock.now(),
        open: undefined,
        floor: undefined
      })
    )
    const ids = segment.entries.ids()
    const times = ids.map((_, i) => segment.entries.timeAt(i))
    const stored = await timed(miss, 'encode (index, zstd)', async () => ({
      head: encodeHead(head, ids, times),
      body: await encodeBody(segment, 'as given')
    }))
    await timed(miss, 'commit (SQLite)', () =>
      store.commit('bench', {
        expectedVersion: journal.version,
        state: journal.encodeState(),
        heads: [stored.head],
        bodies: [{ no: head.no, body: stored.body }]
      })
    )
    journal.written()
    await timed(miss, 'learn ids', () => journal.put(head, ids))
    heads.push(head)
    Object.assign(sizes, { objects: segment.bytes.length, stored: stored.body.length })
    cursor = page.nextCursor ?? undefined
  }
  for (const head of heads) {
    const stored = await timed(fromStore, 'read (SQLite)', () => store.readBody('bench', head.no))
    const body = await timed(fromStore, 'decode (zstd, index)', () => decodeBody(stored!))
    await timed(fromStore, 'date', () => redate(head, body, clock.now()))
  }
  await transport.close()
  await store.close()
}

/** The whole way: a fresh log read to its end, then again with everything held, and with nothing in memory. */
async function readThrough(): Promise<Row[]> {
  const store = newStore()
  const client = newClient()
  const rights = new RightsGate({
    upstream: client,
    store,
    clock,
    meter: silentMeter,
    settings: { ...config.access, waitMs: config.feedLog.tipWaitMs }
  })
  const settings = {
    ...config.feedLog,
    backfillParallel: 1,
    feedSeconds: 60,
    repairRules: 'as given'
  }
  const logs = (cacheMaxBytes: number) =>
    new FeedLogs({
      upstream: rights.upstream,
      store,
      clock,
      meter: silentMeter,
      settings: { ...settings, cacheMaxBytes }
    })
  const roomy = logs(2 ** 30)
  const table = [
    await readAll('miss', rights.guard(roomy)),
    await readAll('held in memory', rights.guard(roomy)),
    await readAll('out of SQLite', rights.guard(logs(config.cache.maxBytes)))
  ]
  await roomy.close()
  await rights.close()
  await client.close()
  await store.close()
  return table
}

async function readAll(way: string, records: Records): Promise<Row> {
  const request = { caller, feedId, types: [], addedAfter: undefined, maxBytes: 2 ** 30 }
  const filter = { versions: lastVersion, specVersions: undefined }
  const before = process.cpuUsage()
  let count = 0
  let position: Awaited<ReturnType<Records['read']>>['position']
  for (let more = true; more; ) {
    const read = await records.read({
      ...request,
      filter,
      position,
      limit: pageSize,
      continues: position !== undefined
    })
    count += read.dates.length
    more = read.more
    position = read.position
  }
  const { user, system } = process.cpuUsage(before)
  return { way, mean: round(((user + system) / 1000 / count) * pageSize, 2), objects: count }
}

async function overHttp(): Promise<Row[]> {
  const app = await buildApp({
    config,
    clock,
    logger: pino({ level: 'info' }, pino.destination('/dev/null')),
    meter: createMeter(),
    secret: Buffer.alloc(32, 1),
    store: newStore(),
    documents: openSqliteDocuments({ dataDir: temporaryDir(), clock }),
    answers: createMemoryAnswers({ maxBytes: 1024 * 1024, clock }),
    upstream: newClient()
  })
  const url = await app.server.listen({ host: '127.0.0.1', port: 0 })
  app.setPhase('serving')
  const page = `${objectsPath}?limit=${pageSize}`
  const table: Row[] = []
  for (const [what, path, encoding] of [
    ['/livez', '/livez', 'identity'],
    ['page', page, 'identity'],
    ['page, gzip asked for', page, 'gzip']
  ] as const) {
    await requests(url + path, encoding, 20)
    const before = process.cpuUsage()
    await requests(url + path, encoding, hits)
    const { user, system } = process.cpuUsage(before)
    table.push({ answer: what, mean: round((user + system) / 1000 / hits, 3) })
  }
  await app.server.close()
  return table
}

/** From a process of its own, one after the other. */
async function requests(url: string, encoding: string, count: number): Promise<void> {
  const script = fileURLToPath(new URL('support/requests.ts', import.meta.url))
  const args = [script, url, encoding, String(count)]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('the client failed')
}

function rows(steps: Map<string, number[]>): Row[] {
  const all = [...steps].map(([step, times]) => {
    const settled = times.slice(10)
    const mean = settled.reduce((a, b) => a + b, 0) / settled.length
    return { step, median: round(median(settled), 2), mean: round(mean, 2) }
  })
  const sum = (of: 'median' | 'mean') =>
    round(
      all.reduce((total, row) => total + row[of], 0),
      2
    )
  return [...all, { step: 'sum', median: sum('median'), mean: sum('mean') }]
}
