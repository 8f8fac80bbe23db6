/** How long is a gateway with a large journal away when it is started again? */
import { getPage, readCounter, walkTaxii } from './support/clients.ts'
import {
  cpuMs,
  memoryOf,
  type Running,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const objects = 1_000_000
const rounds = 5
/** The simulator's objects are spread evenly from 2019 to now. */
const middle = 'limit=1000&added_after=2022-12-15T00:00:00Z'

interface Start {
  readonly ready: number
  readonly page: number
  readonly again: number
  readonly middle: number
  readonly segments: number
  readonly cpu: number
  readonly rss: number
}

const upstream = await startUpstream({ objects })
const filled = temporaryDir()
await fill()
const starts: Start[] = []
const empty: number[] = []
for (let i = 0; i < rounds; i++) {
  starts.push(await start())
  empty.push(await emptyStart())
}
await upstream.stop()

publish({
  question: `Starting on a data directory that holds ${objects.toLocaleString('en')} objects: how long to /readyz, and to the first page?`,
  tables: { [`Median of ${rounds} starts`]: rows() },
  notes: [
    'Node itself, stripping types and loading modules are part of the time to /readyz, which is asked every 2 ms.',
    'The first request also asks Sekoia about the key; here that is the simulator, at once.',
    'Loopback; simulator, gateway and client are processes of their own on the same cores. The files are in the page cache.'
  ]
})

async function timedStart(dataDir: string): Promise<{ gateway: Running; ready: number }> {
  const spawnedAt = performance.now()
  const gateway = await startGateway({ upstream, dataDir })
  return { gateway, ready: performance.now() - spawnedAt }
}

async function fill(): Promise<void> {
  const { gateway } = await timedStart(filled)
  await walkTaxii(gateway.url, { limit: 10_000, parse: false })
  await gateway.stop()
}

async function emptyStart(): Promise<number> {
  const { gateway, ready } = await timedStart(temporaryDir())
  await gateway.stop()
  return ready
}

async function start(): Promise<Start> {
  const { gateway, ready } = await timedStart(filled)
  const { url, pid } = gateway
  const first = await getPage(url, 'limit=1000')
  const again = await getPage(url, 'limit=1000')
  const before = await readCounter(url, 'segments_loaded')
  const later = await getPage(url, middle)
  const segments = (await readCounter(url, 'segments_loaded')) - before
  const figures = { segments, cpu: cpuMs(pid), rss: memoryOf(pid).rss }
  await gateway.stop()
  return { ready, page: first.ms, again: again.ms, middle: later.ms, ...figures }
}

function rows(): Row[] {
  const of = (name: keyof Start) => median(starts.map(start => start[name]))
  return [
    { what: 'spawn to /readyz, ms', value: round(of('ready')) },
    { what: 'the same on an empty data directory, ms', value: round(median(empty)) },
    { what: 'first page of 1,000 objects, which opens the journal, ms', value: round(of('page')) },
    { what: 'the same page once more, ms', value: round(of('again'), 1) },
    { what: 'a page with `added_after` in the middle, ms', value: round(of('middle'), 1) },
    { what: 'segments read for it, with those read ahead', value: of('segments') },
    { what: 'CPU from spawn to here, ms', value: round(of('cpu')) },
    { what: 'RSS here, MB', value: round(of('rss')) }
  ]
}
