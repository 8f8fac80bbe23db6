/** What does a feed cost of which no page of 2,000 objects can be had, because each is too large? */
import { request } from 'undici'
import { type Walk, walkTaxii } from './support/clients.ts'
import { cpuMs, startGateway, startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const objects = 50_000
const mebibyte = 2 ** 20

interface Read extends Walk {
  readonly cpu: number
  readonly calls: number
}

const upstream = await startUpstream({ objects })
const bounds: Readonly<Record<string, number>> = {
  '64 MiB, the default': 64 * mebibyte,
  '1 MiB': mebibyte
}
// The simulator keeps what it answered: making objects is not in the figures.
for (const bound of Object.values(bounds)) await read(bound)
const rows: Row[] = []
for (const [name, bound] of Object.entries(bounds)) {
  const { ms, cpu, calls } = await read(bound)
  rows.push({
    'an answer may have': name,
    'calls to Sekoia': calls,
    'objects/s': round(objects / (ms / 1000)).toLocaleString('en'),
    'gateway CPU ms for 2,000': round((cpu / objects) * 2000, 1)
  })
}
await upstream.stop()
publish({
  question: `A full walk of ${objects.toLocaleString('en')} objects by a gateway that was just started on an empty data directory (TAXII, limit 1,000), where pages of 2,000 objects (1.7 MB) can be had and where they cannot.`,
  tables: { 'Cold walk': rows },
  notes: [
    'Where a page cannot be had, half as many objects are asked for; once as many have come as were asked for first, twice as many. The calls that are given up on the way are counted.',
    'One round each after one that is not counted. `UPSTREAM_MAX_BODY_BYTES` is what an answer may have. Loopback; simulator, gateway and client are processes of their own.'
  ]
})

async function read(bound: number): Promise<Read> {
  const env = { UPSTREAM_MAX_BODY_BYTES: String(bound), OVERLOAD_MAX_EVENT_LOOP_DELAY_MS: '0' }
  const gateway = await startGateway({ upstream, dataDir: temporaryDir(), env })
  const before = cpuMs(gateway.pid)
  const walk = await walkTaxii(gateway.url, { limit: 1000, parse: false })
  const cpu = cpuMs(gateway.pid) - before
  const calls = await callsOf(gateway.url)
  await gateway.stop()
  return { ...walk, cpu, calls }
}

/** Pages that the gateway asked for. */
async function callsOf(url: string): Promise<number> {
  const { body } = await request(`${url}/metrics`)
  const lines = (await body.text()).split('\n')
  const pages = lines.filter(line =>
    /^sekoia_gateway_upstream_requests_total\{.*endpoint="page"/.test(line)
  )
  return pages.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
