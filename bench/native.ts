/** What do scripts made for Sekoia get through the gateway: look-ups held, missed and under load, and whole feeds? */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { compareWithBare } from './support/against-bare.ts'
import { readCounter, type Walk, walkSekoia } from './support/clients.ts'
import { ask, contextsAt, nearestTo } from './support/contexts.ts'
import { walkAndBuild } from './support/first-walk.ts'
import {
  cpuMs,
  type Running,
  startBare,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { median, percentile, publish, type Row, round } from './support/report.ts'
import { askDuring, type Plan, type Times } from './support/steady.ts'

const { values } = parseArgs({
  options: {
    /** Objects of the first walk during which look-ups are timed. */
    loaded: { type: 'string', default: '200000' },
    /** Objects of a full walk; may be repeated. */
    walked: { type: 'string', multiple: true, default: ['20000'] },
    misses: { type: 'string', default: '1000' },
    /** Only look-ups that are held. */
    held: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' }
  }
})
const loaded = Number(values.loaded)
const misses = Number(values.misses)
const rounds = Number(values.rounds)
const connections = 16
const seconds = 3
const hitBytes = 16_000
const idleSeconds = 10
const historyDays = 90
/** Of four series in turn: 50 look-ups a second of each. */
const intervalMs = 5
const pageSize = 2000
const count = (value: number) => value.toLocaleString('en')

const hits = {
  [`Look-up that is held, ${connections} connections: medians of ${rounds} rounds of ${seconds} seconds, gateway and bare server in turn`]:
    await compareHits()
}
if (values.held) {
  publish({
    name: 'native-held',
    question:
      'Look-ups of the context of an indicator (`objects/{id}/context`) that the gateway holds, against a bare node:http server.',
    arguments: process.argv.slice(2),
    tables: hits,
    notes: [
      'Simulator, gateway, bare server and client are processes of their own on the same cores.',
      'Ratios to the bare server are 1 for a gateway as light as it, and smaller for a heavier one; it sends as many bytes as the plain body has.'
    ]
  })
  process.exit()
}
const added = await addedByMisses()
const { lookUps, meanwhile } = await lookUpsUnderLoad()
const walks: Row[] = []
for (const objects of values.walked.map(Number)) walks.push(...(await compareWalks(objects)))

publish({
  question: `Clients of Sekoia's own API at the gateway: look-ups of the context of an indicator (\`objects/{id}/context\`) and walks by \`next_cursor\`, against a bare node:http server and against Sekoia directly.`,
  arguments: process.argv.slice(2),
  tables: {
    ...hits,
    [`Look-up that is not held: ${count(misses)} different ones, each asked of Sekoia directly and then through the gateway`]:
      added,
    [`Look-ups at a steady pace, idle and during a first walk of ${count(loaded)} objects and a MISP build of them`]:
      lookUps,
    'What went on meanwhile': meanwhile,
    [`Full walks in pages of ${count(pageSize)}: median of ${rounds} rounds, all walks in turn`]:
      walks
  },
  notes: [
    'Simulator, gateway, bare server and clients are processes of their own on the same cores. The simulator sends kept gzip bytes, look-ups included: what it costs to make them is in no figure.',
    'Ratios to the bare server are 1 for a gateway as light as it, and smaller for a heavier one; it sends as many bytes as the plain body has.',
    'Held and not held are told by `X-Cache`. A look-up is held for 60 seconds, so the next one after that is a miss. Any answer but 200 has a row of its own.',
    'Steady pace: the gateway for look-ups that are held, for such as are not, Sekoia and the bare server are asked in turn, one question every 5 ms whether or not earlier answers have come. Times are those of a client in a process of its own that competes for the cores, too: the row of the bare server shows how much of them is that.',
    `Walk and build run at once on an empty data directory, at default settings but \`windowDays\` all; the objects span ${historyDays} days.`,
    'Full walks: cold is a gateway on an empty data directory; held is a second walk of the same gateway, out of its memory (128 MiB of pages) or SQLite. Gateway CPU is all threads of its process, per 2,000 objects.'
  ]
})

async function compareHits(): Promise<Row[]> {
  const upstream = await startUpstream({ objects: 20_000 })
  const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
  const paths = await contextsAt(upstream.url, 200)
  const target = await nearestTo(hitBytes, gateway.url, paths)
  const calls = () => readCounter(gateway.url, 'upstream_requests', 'endpoint="context"')
  const rows: Row[] = []
  for (const encoding of ['identity', 'gzip']) {
    const answer = encoding === 'gzip' ? 'context, gzip' : 'context'
    const before = await calls()
    const compared = await compareWithBare(
      gateway,
      { ...target, answer, encoding },
      { connections, seconds, rounds }
    )
    const made = (await calls()) - before
    rows.push(...compared.map((row, i) => ({ ...row, 'asked of Sekoia': i === 0 ? made : '' })))
  }
  await gateway.stop()
  await upstream.stop()
  return rows
}

async function addedByMisses(): Promise<Row[]> {
  const upstream = await startUpstream({ objects: Math.max(20_000, misses * 2) })
  const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
  const [first, ...paths] = await contextsAt(upstream.url, misses + 1)
  await ask(gateway.url, first!)
  const [direct, through]: [number[], number[]] = [[], []]
  for (const path of paths) {
    direct.push((await ask(upstream.url, path)).ms)
    const { ms, use } = await ask(gateway.url, path)
    if (use !== 'miss') throw new Error(`${path} was no miss: ${use}`)
    through.push(ms)
  }
  await gateway.stop()
  await upstream.stop()
  return [
    { asked: 'Sekoia directly', ...timesOf(direct) },
    { asked: 'gateway', ...timesOf(through) },
    { asked: 'added', ...timesOf(through.map((ms, i) => ms - direct[i]!)) }
  ]
}

function timesOf(times: readonly number[]): Row {
  return {
    'look-ups': times.length,
    'p50 ms': round(median(times), 2),
    'p99 ms': round(percentile(times, 0.99), 2)
  }
}

async function lookUpsUnderLoad(): Promise<{ lookUps: Row[]; meanwhile: Row[] }> {
  const upstream = await startUpstream({ objects: loaded, historyDays })
  const bare = await startBare(hitBytes)
  const env = { MISP_WINDOW_DAYS: 'all', MISP_FIRST_WAIT_MS: '100' }
  const gateway = await startGateway({ upstream, dataDir: temporaryDir(), env })
  const paths = await contextsAt(upstream.url, 4000)
  const held = paths.slice(0, 20)
  for (const path of held) await ask(gateway.url, path)
  const planFor = (missed: readonly string[]): Plan => ({
    intervalMs,
    series: [
      { name: 'gateway', origin: gateway.url, paths: held },
      { name: 'gateway', origin: gateway.url, paths: missed },
      { name: 'Sekoia directly', origin: upstream.url, paths: missed },
      { name: 'bare node:http', origin: bare.url, paths: held }
    ]
  })
  const [quiet, busy] = [paths.slice(20, 1000), paths.slice(1000)]
  const idle = await askDuring(planFor(quiet), () => delay(idleSeconds * 1000))
  let meanwhile: Row[] = []
  const load = async () => {
    meanwhile = [await walkAndBuild(gateway, pageSize)]
  }
  const underLoad = await askDuring(planFor(busy), load)
  for (const server of [gateway, bare, upstream]) await server.stop()
  return {
    lookUps: [...rowsOf('idle', idle), ...rowsOf('walk and build', underLoad)],
    meanwhile
  }
}

function rowsOf(during: string, times: Times): Row[] {
  const sorted = Object.entries(times).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([asked, of]) => {
    const most = round(Math.max(...of), 1)
    return { during, asked, ...timesOf(of), 'max ms': most }
  })
}

async function compareWalks(objects: number): Promise<Row[]> {
  const upstream = await startUpstream({ objects })
  const plain = { limit: pageSize, parse: false }
  await walkSekoia(upstream.url, plain)
  const runs: Record<string, { readonly walk: Walk; readonly cpu: number }[]> = {}
  const walk = async (name: string, server: Running, gzip = true) => {
    const before = cpuMs(server.pid)
    const done = await walkSekoia(server.url, { ...plain, gzip })
    runs[name] ??= []
    runs[name].push({ walk: done, cpu: cpuMs(server.pid) - before })
  }
  for (let i = 0; i < rounds; i++) {
    await walk('direct', upstream)
    const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
    await walk('gateway, cold', gateway)
    await walk('gateway, held', gateway)
    await walk('gateway, held, without gzip', gateway, false)
    await gateway.stop()
  }
  await upstream.stop()
  const ms = (name: string) => median(runs[name]!.map(run => run.walk.ms))
  return Object.entries(runs).map(([name, of]) => ({
    objects: count(objects),
    walk: name,
    'objects/s': count(round(objects / (ms(name) / 1000))),
    'of direct': round(ms('direct') / ms(name), 2),
    'gateway CPU ms':
      name === 'direct' ? '' : round((median(of.map(run => run.cpu)) / objects) * 2000, 1),
    MB: round(of[0]!.walk.bytes / 1e6),
    pages: of[0]!.walk.pages
  }))
}
