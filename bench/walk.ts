/** How fast does a client read a whole feed through the gateway, against reading Sekoia directly? */
import { type Walk, type WalkOptions, walkSekoia, walkTaxii } from './support/clients.ts'
import {
  cpuMs,
  type Running,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const objects = 200_000
const rounds = 3

type Runs = Record<string, { readonly walk: Walk; readonly cpu: number }[]>

const fast = await measure(0, rounds)
const slow = await measure(200, 1)
publish({
  question: `A full walk of ${objects.toLocaleString('en')} objects: through a gateway that was just started on an empty data directory (TAXII, limit 1,000, following next), and directly (pages of 2,000 by cursor).`,
  tables: {
    'Sekoia answers at once': rows(fast),
    'Sekoia takes 200 ms for each page': rows(slow)
  },
  notes: [
    `Median of ${rounds} rounds (with 200 ms: one), each with all the walks in turn. Loopback; simulator, gateway and client are processes of their own on the same cores.`,
    'The simulator sends kept gzip bytes: what it costs to make objects is not in the figures. The direct client unzips them.',
    'Cold: nothing held, every page comes from Sekoia. From SQLite: once more; 128 MiB of cache do not hold 200,000 objects. From memory: with 512 MiB of cache.',
    'Gateway CPU is all threads of its process, per 2,000 objects.'
  ]
})

async function measure(delayMs: number, times: number): Promise<Runs> {
  const upstream = await startUpstream({ objects, delayMs })
  await walkSekoia(upstream.url, { limit: 2000, parse: false })
  const runs: Runs = {}
  for (let i = 0; i < times; i++) await runRound(upstream, runs)
  await upstream.stop()
  return runs
}

async function runRound(upstream: Running, runs: Runs): Promise<void> {
  const note = async (name: string, walk: Promise<Walk>, gateway?: Running) => {
    const before = gateway ? cpuMs(gateway.pid) : 0
    const done = await walk
    const cpu = gateway ? cpuMs(gateway.pid) - before : 0
    runs[name] = [...(runs[name] ?? []), { walk: done, cpu }]
  }
  const dataDir = temporaryDir()
  for (const parse of [false, true]) {
    const name = parse ? 'direct, parsing JSON' : 'direct'
    await note(name, walkSekoia(upstream.url, { limit: 2000, parse }))
  }
  const plain = { limit: 1000, parse: false }
  const walks = async (gateway: Running, ways: Record<string, WalkOptions>) => {
    for (const [name, way] of Object.entries(ways))
      await note(`gateway, ${name}`, walkTaxii(gateway.url, way), gateway)
    await gateway.stop()
  }
  await walks(await startGateway({ upstream, dataDir }), {
    cold: plain,
    'from SQLite': plain,
    'from SQLite, parsing JSON': { ...plain, parse: true },
    'from SQLite, gzip': { ...plain, gzip: true }
  })
  const env = { CACHE_MAX_BYTES: String(512 * 2 ** 20) }
  await walks(await startGateway({ upstream, dataDir, env }), {
    'after a restart': plain,
    'from memory': plain
  })
}

function rows(runs: Runs): Row[] {
  const rate = (name: string) => objects / (median(runs[name]!.map(run => run.walk.ms)) / 1000)
  return Object.entries(runs).map(([name, of]) => {
    const base = name.endsWith('parsing JSON') ? 'direct, parsing JSON' : 'direct'
    const cpu = (median(of.map(run => run.cpu)) / objects) * 2000
    return {
      walk: name,
      'objects/s': round(rate(name)).toLocaleString('en'),
      'of direct': `${round(rate(name) / rate(base), 2)}`,
      'gateway CPU ms': cpu === 0 ? '' : round(cpu, 1),
      MB: round(of[0]!.walk.bytes / 1e6),
      pages: of[0]!.walk.pages
    }
  })
}
