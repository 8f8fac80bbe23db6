/** What does it cost to keep a large feed as MISP events: the first build, one change, and serving them? */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { request } from 'undici'
import { feedId, key } from './support/clients.ts'
import {
  cpuMs,
  memoryOf,
  type Running,
  startBare,
  startGateway,
  startSimulator,
  temporaryDir
} from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

/** Of 64 objects in the simulator's feed 33 are indicators. */
const objectsFor = (indicators: number) => Math.ceil((indicators * 64) / 33)

type Kind = 'everything' | 'indicators only'

interface Case {
  readonly indicators: number
  readonly kind: Kind
}

type Phase = 'build' | 'change' | 'stream' | 'serve'

const { values: options } = parseArgs({
  options: {
    /** One feed of so many in place of all. */
    indicators: { type: 'string' },
    kind: { type: 'string', default: 'indicators only' satisfies Kind },
    /** Left out: all; may be repeated. */
    phase: { type: 'string', multiple: true },
    /** Another checkout, whose gateway builds the same feeds in turn. */
    against: { type: 'string' },
    /** Builds of each. */
    builds: { type: 'string', default: '1' },
    /** Of the file of results. */
    name: { type: 'string', default: 'misp' }
  }
})
const cases: readonly Case[] = options.indicators
  ? [{ indicators: Number(options.indicators), kind: options.kind as Kind }]
  : [
      { indicators: 200_000, kind: 'everything' },
      { indicators: 200_000, kind: 'indicators only' },
      { indicators: 1_000_000, kind: 'indicators only' },
      { indicators: 1_000_000, kind: 'everything' }
    ]
const isWanted = (phase: Phase) => !options.phase || options.phase.includes(phase)
const historyDays = 90
const limitMegabytes = 500
const publishSeconds = 5
const connections = 16
const seconds = 4
const rounds = 3
const headers = { authorization: `Bearer ${key}` }
const cannon = fileURLToPath(new URL('../node_modules/autocannon/autocannon.js', import.meta.url))

const builds: Row[] = []
const changes: Row[] = []
const serving: Row[] = []
const streams: Row[] = []

for (const [i, { indicators, kind }] of cases.entries()) {
  const simulator = await startSimulator(objectsFor(indicators), key, historyDays)
  const id = kind === 'everything' ? feedId : await addFeed(simulator)
  const head = { indicators: indicators.toLocaleString('en'), feed: kind }
  for (let n = 1; n < Number(options.builds) * (options.against ? 2 : 1); n++) {
    const isOther = options.against && n % 2 === 1
    const feed = await startFeed(simulator, id, isOther ? options.against : undefined)
    const { row } = await build(feed)
    builds.push({ ...head, of: isOther ? 'before' : 'now', ...row })
    await feed.gateway.stop()
  }
  const feed = await startFeed(simulator, id)
  const { row, bySize } = await build(feed)
  builds.push({ ...head, ...(options.against && { of: 'now' }), ...row })
  if (isWanted('change')) changes.push({ ...head, ...(await change(feed)) })
  if (isWanted('stream')) streams.push({ ...head, ...(await stream(feed)) })
  if (isWanted('serve') && i === 0) serving.push(...(await serve(feed, bySize)))
  await feed.gateway.stop()
  await simulator.stop()
}

publish({
  question: `Feeds of so many indicators over ${historyDays} days, alone or with relationships, reports and what they are about, as MISP events: how long, how large, and how fast? The process may take ${limitMegabytes} MB.`,
  arguments: process.argv.slice(2),
  name: options.name,
  tables: withRows({
    'First build, from nothing to the last event published': builds,
    'One indicator changed at Sekoia, until its event is published': changes,
    [`Requests per second with ${connections} connections; median of ${rounds} rounds of ${seconds} seconds, in turn`]:
      serving,
    'hashes.csv, sent as a stream': streams
  }),
  notes: [
    'Default settings but `windowDays` all, `publishSeconds` 5 and no walk; SQLite; 16 events for a day (`defaultFeedShardBits`).',
    'Memory in megabytes of 10^6 bytes; peak is VmHWM of the gateway process since its start, feed log included.',
    'CPU of a change: the gateway’s CPU until the manifest names the event anew, less that of as much time without a change.',
    'Simulator, gateway and clients are processes of their own on the same two cores.'
  ]
})

/** Tables of phases that were left out have none. */
function withRows(tables: Record<string, Row[]>): Record<string, Row[]> {
  return Object.fromEntries(Object.entries(tables).filter(([, rows]) => rows.length > 0))
}

interface Listed {
  readonly status: string
  readonly events: number
  readonly attributes: number
  readonly indicators: number
  readonly merged: number
  readonly objectsRead: number
}

async function startFeed(simulator: Running, id: string, root?: string): Promise<Feed> {
  const gateway = await startGateway({
    upstream: simulator,
    dataDir: temporaryDir(),
    ...(root !== undefined && { root }),
    env: {
      MISP_WINDOW_DAYS: 'all',
      MISP_PUBLISH_SECONDS: String(publishSeconds),
      MISP_WALK_SECONDS: '0',
      MISP_SHARD_BITS: '4',
      MISP_FIRST_WAIT_MS: '100'
    }
  })
  return { url: `${gateway.url}/misp/${id}`, id, gateway, simulator }
}

interface Feed {
  readonly url: string
  readonly id: string
  readonly gateway: Running
  readonly simulator: Running
}

async function addFeed(simulator: Running): Promise<string> {
  const feed = { title: 'Indicators', types: ['indicator'], sort_order: 'asc' }
  const { body } = await request(`${simulator.url}/_control/feeds`, {
    method: 'PUT',
    body: JSON.stringify({ feed })
  })
  return ((await body.json()) as { id: string }).id
}

async function build({ url, id, gateway }: Feed): Promise<{ row: Row; bySize: string[] }> {
  const startedAt = performance.now()
  const cpu = cpuMs(gateway.pid)
  await get(`${url}/manifest.json`)
  let listed = await listing(gateway, id)
  while (listed.status !== 'in sync') {
    await delay(200)
    listed = await listing(gateway, id)
  }
  const manifest = await manifestOnce(url, listed.events)
  const ms = performance.now() - startedAt
  const { peak } = memoryOf(gateway.pid)
  const cpuUsed = cpuMs(gateway.pid) - cpu
  const sizes: { uuid: string; length: number }[] = []
  for (const uuid of Object.keys(JSON.parse(manifest.toString())))
    sizes.push({ uuid, length: (await get(`${url}/${uuid}.json`)).length })
  sizes.sort((a, b) => a.length - b.length)
  const row = {
    seconds: round(ms / 1000, 1),
    'indicators/s': round(listed.indicators / (ms / 1000)),
    'objects/s': round(listed.objectsRead / (ms / 1000)),
    'CPU s': round(cpuUsed / 1000, 1),
    'peak RSS': round(peak),
    events: listed.events,
    attributes: listed.attributes,
    'manifest MB': round(manifest.length / 1e6, 2),
    'largest event kB': round(sizes.at(-1)!.length / 1e3),
    'all events MB': round(sizes.reduce((sum, { length }) => sum + length, 0) / 1e6)
  }
  return { row, bySize: sizes.map(({ uuid }) => uuid) }
}

/** The manifest as soon as it lists so many events. */
async function manifestOnce(url: string, events: number): Promise<Buffer> {
  for (;;) {
    const manifest = await get(`${url}/manifest.json`)
    if (Object.keys(JSON.parse(manifest.toString())).length >= events) return manifest
    await delay(100)
  }
}

async function change({ url, id, gateway, simulator }: Feed): Promise<Row> {
  const quiet: number[] = []
  const used: number[] = []
  for (let i = 0; i < rounds; i++) {
    quiet.push(await cpuOver(gateway, () => delay(3 * publishSeconds * 1000)))
    const before = (await get(`${url}/manifest.json`)).toString()
    const { body } = await request(
      `${simulator.url}/v2/inthreat/collections/${id}/objects?limit=100&match[type]=indicator`,
      { headers: { authorization: `Bearer ${key}` } }
    )
    const { items } = (await body.json()) as { items: { id: string }[] }
    const edit = { id: items[i]!.id, members: { name: `Changed ${i}` } }
    used.push(
      await cpuOver(gateway, async () => {
        const startedAt = performance.now()
        await request(`${simulator.url}/_control/edit`, {
          method: 'POST',
          body: JSON.stringify(edit)
        }).then(({ body }) => body.dump())
        while ((await get(`${url}/manifest.json`)).toString() === before) await delay(500)
        await delay(Math.max(0, 3 * publishSeconds * 1000 - (performance.now() - startedAt)))
      })
    )
  }
  return {
    'CPU ms of the change': round(median(used) - median(quiet)),
    'CPU ms in as much time without': round(median(quiet))
  }
}

async function cpuOver({ pid }: Running, work: () => Promise<unknown>): Promise<number> {
  const before = cpuMs(pid)
  await work()
  return cpuMs(pid) - before
}

async function stream({ url, gateway }: Feed): Promise<Row> {
  const before = memoryOf(gateway.pid)
  const cpu = cpuMs(gateway.pid)
  const startedAt = performance.now()
  const { body } = await request(`${url}/hashes.csv`, { headers })
  let bytes = 0
  let firstMs = 0
  let most = 0
  for await (const piece of body) {
    firstMs ||= performance.now() - startedAt
    bytes += piece.length
    most = Math.max(most, memoryOf(gateway.pid).rss)
  }
  return {
    lines: Math.round(bytes / 70),
    MB: round(bytes / 1e6, 1),
    seconds: round((performance.now() - startedAt) / 1000, 2),
    'first byte ms': round(firstMs),
    'CPU ms': round(cpuMs(gateway.pid) - cpu),
    'RSS before': round(before.rss),
    'RSS most': round(most)
  }
}

/** @param bySize uuids of the events, the smallest first. */
async function serve({ id, gateway }: Feed, bySize: readonly string[]): Promise<Row[]> {
  const files = [
    ['manifest', `/misp/${id}/manifest.json`],
    ['largest event', `/misp/${id}/${bySize.at(-1)}.json`],
    ['median event', `/misp/${id}/${bySize[bySize.length >> 1]}.json`],
    ['smallest event', `/misp/${id}/${bySize[0]}.json`]
  ] as const
  const rows: Row[] = []
  for (const [what, path] of files) {
    const { length } = await get(gateway.url + path)
    const bare = await startBare(length)
    const shots: Shot[] = []
    const bareShots: Shot[] = []
    for (let i = 0; i < rounds; i++) {
      bareShots.push(await shoot(bare, path))
      shots.push(await shoot(gateway, path))
    }
    await bare.stop()
    const of = (from: readonly Shot[], name: keyof Shot) => median(from.map(shot => shot[name]))
    rows.push({
      file: what,
      bytes: length,
      'requests/s': round(of(shots, 'perSecond')),
      'bare node:http': round(of(bareShots, 'perSecond')),
      ratio: round(of(shots, 'perSecond') / of(bareShots, 'perSecond'), 2),
      'CPU µs': round(of(shots, 'cpu')),
      'bare CPU µs': round(of(bareShots, 'cpu'))
    })
  }
  return rows
}

interface Shot {
  readonly perSecond: number
  /** Microseconds of the server for each answer. */
  readonly cpu: number
}

async function shoot({ url, pid }: Running, path: string): Promise<Shot> {
  const flags = ['-j', '-c', String(connections), '-d', String(seconds)]
  const header = ['-H', `authorization=Bearer ${key}`]
  const before = cpuMs(pid)
  const { stdout } = await promisify(execFile)(process.execPath, [
    cannon,
    ...flags,
    ...header,
    url + path
  ])
  const cpu = (cpuMs(pid) - before) * 1000
  const { requests, errors, non2xx } = JSON.parse(stdout)
  if (errors > 0 || non2xx > 0) throw new Error(`${errors} errors, ${non2xx} refusals`)
  return { perSecond: requests.average, cpu: cpu / requests.total }
}

async function listing({ url }: Running, id: string): Promise<Listed> {
  const { feeds } = JSON.parse((await get(`${url}/misp/`)).toString())
  return feeds.find((feed: { id: string }) => feed.id === id)
}

async function get(url: string): Promise<Buffer> {
  const { statusCode, body } = await request(url, { headers })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${statusCode} for ${url}: ${bytes}`)
  return bytes
}
