/** How much memory does the gateway take while a client reads a feed that is far larger than its cache? */
import { request } from 'undici'
import { walkTaxii } from './support/clients.ts'
import {
  memoryOf,
  type Running,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const objects = 1_000_000
const step = 100_000
const limitMegabytes = 400

const upstream = await startUpstream({ objects })
const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
const cold = await curve('cold', gateway)
const warm = await curve('warm', gateway)
const gzip = await curve('gzip', gateway)
const { peak } = memoryOf(gateway.pid)
await gateway.stop()
await upstream.stop()

publish({
  question: `Memory of the gateway process during a walk of ${objects.toLocaleString('en')} objects with default settings (128 MiB of cache). It must stay under ${limitMegabytes} MB.`,
  tables: {
    [`Peak ${round(peak)} MB: ${peak < limitMegabytes ? 'held' : 'NOT HELD'}`]: [
      ...cold,
      ...warm,
      ...gzip
    ]
  },
  notes: [
    'Megabytes of 10^6 bytes. RSS and peak (VmHWM) by the kernel; heap and external (the Buffers) as `/metrics` says at that moment, garbage included.',
    'Cold: nothing held. Warm: the same walk once more, from SQLite. Gzip: once more by a client that asks for gzip, of which the gateway keeps 16 MiB besides.',
    'Loopback; simulator, gateway and client are processes of their own on the same cores.'
  ]
})

async function curve(name: string, { url, pid }: Running): Promise<Row[]> {
  const rows: Promise<Row>[] = []
  const sample = async (read: number): Promise<Row> => {
    const { rss, peak } = memoryOf(pid)
    const { body } = await request(`${url}/metrics`)
    const text = await body.text()
    const gauge = (metric: string) =>
      round(Number(new RegExp(`\\bnodejs_${metric}_bytes (\\d+)`).exec(text)?.[1]) / 1e6)
    return {
      walk: name,
      objects: read,
      RSS: round(rss),
      peak: round(peak),
      'heap total': gauge('heap_size_total'),
      'heap used': gauge('heap_size_used'),
      external: gauge('external_memory')
    }
  }
  rows.push(sample(0))
  let next = step
  const onPage = (read: number) => {
    if (read < next) return
    rows.push(sample(next))
    next += step
  }
  await walkTaxii(url, { limit: 1000, parse: false, gzip: name === 'gzip', onPage })
  return Promise.all(rows)
}
