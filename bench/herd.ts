/** What do many clients that read a large feed at the same time cost, against one? */
import { setTimeout as delay } from 'node:timers/promises'
import { readCounter, walkTaxii } from './support/clients.ts'
import { type Sample, sample } from './support/gauges.ts'
import {
  cpuMs,
  memoryOf,
  type Running,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const objects = 1_000_000
const clients = 16
const [mostCalls, mostMegabytes] = [1.02, 400]
const sampleMs = 500

interface Sync {
  readonly what: string
  readonly calls: number
  readonly fromStore: number
  readonly seconds: number
  readonly sent: number
  readonly cpu: number
  readonly peak: number
  readonly samples: readonly Sample[]
}

const upstream = await startUpstream({ objects })
const alone = await sync('one client', { count: 1 })
const syncs = [
  alone,
  await sync(`${clients} clients at once`, { count: clients }),
  await sync('the same, each with gzip', { count: clients, gzip: true }),
  await sync('each a second after the one before', { count: clients, pauseMs: 1000 })
]
await upstream.stop()

const isHeld = syncs.every(
  ({ calls, peak }) => calls <= mostCalls * alone.calls && peak <= mostMegabytes
)
publish({
  question: `${clients} clients read ${objects.toLocaleString('en')} objects through one gateway with default settings (128 MiB of cache) that holds nothing yet: Sekoia may be asked ${mostCalls} times as often as by one client, and the process may take ${mostMegabytes} MB.`,
  tables: { [isHeld ? 'Held' : 'NOT HELD']: syncs.map(toRow) },
  notes: [
    'Each row is a gateway of its own on an empty data directory. Every client follows `next` with limit 1,000 to the end; the last one ends the time. No compression unless it says so.',
    'Out of the store: segments that had fallen out of memory before the last client read them.',
    'Longest delay: of the event loop, by `/metrics`. Megabytes of 10^6 bytes; peak is VmHWM, heap and Buffers are from a sample every half second.',
    'Loopback; simulator, gateway and clients, all of which are in one process, share the cores.'
  ]
})
process.exitCode = isHeld ? 0 : 1

interface Herd {
  readonly count: number
  /** Between the starts of the clients. */
  readonly pauseMs?: number
  readonly gzip?: boolean
}

async function sync(what: string, { count, pauseMs = 0, gzip = false }: Herd): Promise<Sync> {
  const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
  const startedAt = performance.now()
  const samples: Sample[] = []
  const take = async () => void samples.push(await sample(gateway, startedAt))
  const sampling = setInterval(take, sampleMs)
  const walks = Array.from({ length: count }, async (_, i) => {
    await delay(i * pauseMs)
    return walkTaxii(gateway.url, { limit: 1000, parse: false, gzip })
  })
  await Promise.all(walks)
  const seconds = (performance.now() - startedAt) / 1000
  clearInterval(sampling)
  await take()
  const figures = await readFigures(gateway)
  await gateway.stop()
  return { what, seconds, samples, ...figures }
}

async function readFigures({ url, pid }: Running) {
  return {
    calls: await readCounter(url, 'upstream_requests'),
    fromStore: await readCounter(url, 'segments_loaded', '"store"'),
    sent: await readCounter(url, 'taxii_objects'),
    cpu: cpuMs(pid) / 1000,
    peak: memoryOf(pid).peak
  }
}

function toRow({ what, calls, fromStore, seconds, sent, cpu, peak, samples }: Sync): Row {
  const most = (of: (each: Sample) => number) => round(Math.max(...samples.map(of)))
  return {
    what,
    'calls to Sekoia': calls,
    'of one': round(calls / alone.calls, 3),
    'peak MB': round(peak),
    'heap at most': most(each => each.heapTotal),
    'Buffers at most': most(each => each.external),
    seconds: round(seconds, 1),
    'objects sent': sent.toLocaleString('en'),
    'objects/s': round(sent / seconds).toLocaleString('en'),
    'gateway CPU s': round(cpu, 1),
    'out of the store': fromStore,
    'longest delay ms': most(each => each.delayMax)
  }
}
