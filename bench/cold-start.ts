/** How long is a gateway with a large journal away when it is started again? */
import { setTimeout as delay } from 'node:timers/promises'
import { getPage, readCounter, walkTaxii } from './support/clients.ts'
import {
  cpuMs,
  memoryOf,
  type Running,
  startGateway,
  startUpstream,
  temporaryDir
} from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import { median, publish, type Row, round } from './support/report.ts'

const objects = 1_000_000
const rounds = 5
/** The simulator's objects are spread evenly from 2019 to now. */
const middle = 'added_after=2022-12-15T00:00:00Z'
/** Until what was read ahead is there. */
const pauseMs = 50
const others = Array.from(
  { length: 24 },
  (_, n) =>
    `added_after=${2020 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}-07T00:00:00Z`
)

interface Start {
  readonly ready: number
  readonly page: number
  readonly again: number
  readonly middle: number
  readonly segments: number
  readonly others: number
  readonly cpu: number
  readonly rss: number
}

/** Where a gateway keeps its journal. */
interface Place {
  readonly dataDir: string
  readonly env: Readonly<Record<string, string>>
}

const upstream = await startUpstream({ objects })
const redis = await startRedis()
const env = { REDIS_URL: redis.url, ACCESS_SECRET: 'the same at every start of this bench' }
const tables: Record<string, Row[]> = {}
for (const [store, filled, empty] of [
  ['SQLite', onDisk, onDisk],
  ['Redis', () => inRedis('full:'), () => inRedis(`empty${performance.now()}:`)]
] as const) {
  const place = filled()
  await fill(place)
  const starts: Start[] = []
  const emptyStarts: number[] = []
  for (let i = 0; i < rounds; i++) {
    starts.push(await start(place))
    emptyStarts.push(await emptyStart(empty()))
  }
  tables[`${store}, median of ${rounds} starts`] = rows(starts, emptyStarts)
}
await redis.stop()
await upstream.stop()

publish({
  question: `Starting on a store that holds ${objects.toLocaleString('en')} objects: how long to /readyz, which may take a second, and to the first page?`,
  tables,
  notes: [
    'Node itself, stripping types and loading modules are part of the time to /readyz, which is asked every 2 ms.',
    'A page of 1,000 objects is a megabyte, and little of the code is compiled yet. The object in the middle is the first of its part of the log.',
    'The first request also asks Sekoia about the key; here that is the simulator, at once.',
    'Loopback; simulator, gateway, Redis and client are processes of their own on the same cores. The files are in the page cache.'
  ]
})

function onDisk(): Place {
  return { dataDir: temporaryDir(), env: {} }
}

function inRedis(prefix: string): Place {
  return { dataDir: temporaryDir(), env: { ...env, REDIS_KEY_PREFIX: prefix } }
}

async function timedStart(place: Place): Promise<{ gateway: Running; ready: number }> {
  const spawnedAt = performance.now()
  const gateway = await startGateway({ upstream, ...place })
  return { gateway, ready: performance.now() - spawnedAt }
}

async function fill(place: Place): Promise<void> {
  const { gateway } = await timedStart(place)
  await walkTaxii(gateway.url, { limit: 10_000, parse: false })
  await gateway.stop()
}

async function emptyStart(place: Place): Promise<number> {
  const { gateway, ready } = await timedStart(place)
  await gateway.stop()
  return ready
}

async function start(place: Place): Promise<Start> {
  const { gateway, ready } = await timedStart(place)
  const { url, pid } = gateway
  const first = await getPage(url, 'limit=1000')
  const again = await getPage(url, 'limit=1000')
  const before = await readCounter(url, 'segments_loaded')
  const later = await getPage(url, `limit=1&${middle}`)
  const segments = (await readCounter(url, 'segments_loaded')) - before
  const times: number[] = []
  for (const place of others) {
    await delay(pauseMs)
    times.push((await getPage(url, `limit=1&${place}`)).ms)
  }
  const figures = { segments, others: median(times), cpu: cpuMs(pid), rss: memoryOf(pid).rss }
  await gateway.stop()
  return { ready, page: first.ms, again: again.ms, middle: later.ms, ...figures }
}

function rows(starts: readonly Start[], emptyStarts: readonly number[]): Row[] {
  const of = (name: keyof Start) => median(starts.map(start => start[name]))
  return [
    { what: 'spawn to /readyz, ms', value: round(of('ready')) },
    { what: 'the same on an empty store, ms', value: round(median(emptyStarts)) },
    { what: 'first page of 1,000 objects, which opens the journal, ms', value: round(of('page')) },
    { what: 'the same page once more, ms', value: round(of('again'), 1) },
    {
      what: 'the first object after an `added_after` in the middle, ms',
      value: round(of('middle'), 1)
    },
    {
      what: `the same in ${others.length} other places, ${pauseMs} ms apart, median, ms`,
      value: round(of('others'), 1)
    },
    { what: 'segments read for the first of these, with those read ahead', value: of('segments') },
    { what: 'CPU from spawn to here, ms', value: round(of('cpu')) },
    { what: 'RSS here, MB', value: round(of('rss')) }
  ]
}
