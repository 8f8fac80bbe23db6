/** What does the gateway add to plain node:http, for polls at the tip and for pages held in memory? */
import { type Shots, shoot, type Target } from './support/cannon.ts'
import { getPage, objectsPath, walkTaxii } from './support/clients.ts'
import {
  cpuMs,
  type Running,
  startBare,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const [connections, seconds] = [16, 4]
const rounds = 3
const upstream = await startUpstream({ objects: 10_000 })
const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
await walkTaxii(gateway.url, { limit: 2000, parse: false })
const { lastDate } = await getPage(gateway.url, 'limit=10000')
const rows: Row[] = []
for (const [what, query] of [
  ['poll at the tip, nothing new', `limit=1000&added_after=${lastDate}`],
  ['page of 100 objects', 'limit=100'],
  ['page of 2,000 objects', 'limit=2000']
] as const)
  rows.push(...(await compare(what, query)))
await gateway.stop()
await upstream.stop()

publish({
  question: `Requests per second with ${connections} connections: the gateway, against a bare node:http server that sends a Buffer of the same size.`,
  tables: { [`Median of ${rounds} rounds of ${seconds} seconds, in turn`]: rows },
  notes: [
    'autocannon, gateway and bare server are processes of their own on the same cores: autocannon takes one of the two, and bounds what the bare server can show. CPU per answer does not depend on that.',
    'The end of the feed was confirmed less than `tipSeconds` ago, or is confirmed once in that time with one call to Sekoia.',
    'Keys, rights, log line and counters are all on, as by default; the log goes to /dev/null. No compression asked for.'
  ]
})

async function compare(what: string, query: string): Promise<Row[]> {
  const { body } = await getPage(gateway.url, query)
  const bare = await startBare(body.length)
  const path = `${objectsPath}?${query}`
  const shots: Shots[] = []
  const bareShots: Shots[] = []
  for (let i = 0; i < rounds; i++) {
    bareShots.push(await shoot(targetOf(bare), path, { connections, seconds }))
    shots.push(await shoot(targetOf(gateway), path, { connections, seconds }))
  }
  await bare.stop()
  const base = toRow('bare node:http', body.length, bareShots)
  const row = toRow(what, body.length, shots)
  return [
    {
      ...row,
      'of bare, requests': ratio(row, base, 'requests/s'),
      'CPU against bare': ratio(row, base, 'CPU µs')
    },
    { ...base, 'of bare, requests': 1, 'CPU against bare': 1 }
  ]
}

function targetOf({ url, pid }: Running): Target {
  return { url, cpuMs: () => cpuMs(pid) }
}

function ratio(row: Row, base: Row, name: string): number {
  return round(Number(row[name]) / Number(base[name]), 2)
}

function toRow(answer: string, bytes: number, shots: readonly Shots[]): Row {
  const of = (name: keyof Shots) => median(shots.map(shot => shot[name]))
  return {
    answer,
    bytes,
    'requests/s': round(of('perSecond')),
    'MB/s': round((of('perSecond') * bytes) / 1e6),
    'p50 ms': of('p50'),
    'p99 ms': of('p99'),
    'CPU µs': round(of('cpu'))
  }
}
