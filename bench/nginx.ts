/** How does the gateway compare with a plain HTTP cache, nginx, for pages and polls that both hold, with one and with
 * two workers? */
import { type Shots, shoot, type Target } from './support/cannon.ts'
import { getPage, objectsPath, walkTaxii } from './support/clients.ts'
import { startNginx } from './support/nginx.ts'
import {
  cpuMs,
  cpuMsOfAll,
  pidsOfAll,
  type Running,
  startBare,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const shots = { connections: 16, seconds: 2 }
const rounds = 3

const upstream = await startUpstream({ objects: 10_000 })
const gatewayOf = (workers: string) =>
  startGateway({
    upstream,
    dataDir: temporaryDir(),
    env: { FEED_LOG_TIP_SECONDS: '3600', WORKERS: workers }
  })
const gateways = { gateway: await gatewayOf('1'), 'gateway, WORKERS=2': await gatewayOf('2') }
for (const { url } of Object.values(gateways)) await walkTaxii(url, { limit: 2000, parse: false })
const { lastDate } = await getPage(gateways.gateway.url, 'limit=10000')
const tables: Record<string, Row[]> = {}
for (const [what, query] of [
  ['A page of 2,000 objects', 'limit=2000'],
  ['A page of 100 objects', 'limit=100'],
  ['A poll, nothing new', `limit=1000&added_after=${lastDate}`]
]) {
  const { body } = await getPage(gateways.gateway.url, query!)
  const title = `${what}, ${body.length.toLocaleString('en')} bytes`
  tables[title] = await compare(body.length, `${objectsPath}?${query}`)
}
for (const gateway of Object.values(gateways)) await gateway.stop()
await upstream.stop()

publish({
  question: `Requests per second with ${shots.connections} connections, and CPU for each: the gateway, nginx with proxy_cache, and a bare node:http server that sends one Buffer, all with the same number of bytes.`,
  tables,
  notes: [
    `Median of ${rounds} rounds of ${shots.seconds} seconds, in turn. autocannon takes one of the cores, and bounds what the fastest can show, and two workers or two of nginx above all, which have one core left; CPU for each answer, over all processes of a server, does not depend on that.`,
    'nginx: as Debian ships it, one worker for each core, the cache in /dev/shm, sendfile without tcp_nopush (over loopback that would hold each answer back for 40 ms), open_file_cache, keep-alive to the origin, no access log; one entry for each URL and credentials. It checks no key, counts nothing and logs nothing.',
    'The gateway has keys, rights, log line and counters on, as by default; the log goes to /dev/null. No compression asked for.'
  ]
})

interface Server extends Target {
  /** CPU that each of its processes has used, ms: the one that was started first, and the others. */
  each(): number[]
}

function serverOf({ url, pid }: Pick<Running, 'url' | 'pid'>): Server {
  return { url, cpuMs: () => cpuMsOfAll(pid), each: () => pidsOfAll(pid).map(cpuMs) }
}

async function compare(bytes: number, path: string): Promise<Row[]> {
  const bare = await startBare(bytes)
  const nginx = await startNginx(bare.url)
  const targets: Record<string, Server> = {
    'bare node:http': serverOf(bare),
    'nginx proxy_cache': serverOf(nginx),
    ...Object.fromEntries(
      Object.entries(gateways).map(([name, gateway]) => [name, serverOf(gateway)])
    )
  }
  const taken: Record<string, Shots[]> = {}
  // Each worker has what it will be asked for in memory.
  for (const target of Object.values(targets))
    await shoot(target, path, { connections: 16, seconds: 1 })
  const before = Object.values(targets).map(target => target.each())
  for (let i = 0; i < rounds; i++)
    for (const [name, target] of Object.entries(targets))
      taken[name] = [...(taken[name] ?? []), await shoot(target, path, shots)]
  const shares = Object.values(targets).map((target, i) => sharesOf(before[i]!, target.each()))
  await nginx.stop()
  await bare.stop()
  return rowsOf(bytes, taken).map((row, i) => ({ ...row, 'by process, %': shares[i]! }))
}

/** Of the CPU between two moments, what each process has used; those that did nothing aside. */
function sharesOf(before: readonly number[], after: readonly number[]): string {
  const used = after.map((ms, i) => ms - (before[i] ?? 0))
  const all = used.reduce((sum, ms) => sum + ms, 0)
  const shares = used.map(ms => round((100 * ms) / all))
  return shares.filter(share => share > 0).join(', ')
}

function rowsOf(bytes: number, taken: Readonly<Record<string, readonly Shots[]>>): Row[] {
  const of = (server: string, name: keyof Shots) =>
    median((taken[server] ?? []).map(each => each[name]))
  const ratio = (server: string, name: keyof Shots) =>
    round(of(server, name) / of('nginx proxy_cache', name), 2)
  return Object.keys(taken).map(server => ({
    server,
    'requests/s': round(of(server, 'perSecond')),
    'MB/s': round((of(server, 'perSecond') * bytes) / 1e6),
    'p50 ms': of(server, 'p50'),
    'p99 ms': of(server, 'p99'),
    'CPU µs': round(of(server, 'cpu')),
    'requests of nginx': ratio(server, 'perSecond'),
    'CPU of nginx': ratio(server, 'cpu')
  }))
}
