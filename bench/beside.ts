/** What do clients notice while another one reads a large feed for the first time, and while MISP events are built? */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { getPage, objectsPath } from './support/clients.ts'
import { ask, contextsAt } from './support/contexts.ts'
import { firstBuild, firstWalk } from './support/first-walk.ts'
import {
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
    /** Objects of the feed that is walked and built. */
    objects: { type: 'string', default: '200000' },
    /** Of a quiet gateway, before and after. */
    seconds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '1' }
  }
})
const objects = Number(values.objects)
const quietMs = Number(values.seconds) * 1000
const historyDays = 90
/** Of five series in turn: 40 requests a second of each. */
const intervalMs = 5
const bareBytes = 100_000
const bareName = 'bare node:http'
const mostRatio = 2
const mostMs = 25
const count = (value: number) => value.toLocaleString('en')

const upstream = await startUpstream({ objects, historyDays })
const bare = await startBare(bareBytes)
const phases: Record<string, Times> = {}
const meanwhile: Row[] = []
const lookUps = await contextsAt(upstream.url, 20)

await measure('a first walk', gateway => firstWalk(gateway, 2000))
await measure('a first MISP build', firstBuild, {
  MISP_WINDOW_DAYS: 'all',
  MISP_FIRST_WAIT_MS: '100'
})
for (const server of [bare, upstream]) await server.stop()

publish({
  question: `Polls, pages and look-ups that are held, for a client that asks at a steady pace, while another client reads a feed of ${count(objects)} objects for the first time, and while MISP events of it are built for the first time; against the same gateway when it has nothing else to do.`,
  arguments: process.argv.slice(2),
  tables: {
    [`Times, and ratios to the quiet gateway; at most ${mostRatio} × and ${mostMs} ms are wanted of the 99th percentile`]:
      rows(),
    'What went on meanwhile': meanwhile
  },
  notes: [
    'Simulator, gateway, bare server and both clients are processes of their own on the same cores. The row of the bare node:http server, which sends 100 kB, shows how much of the times is that they compete for them.',
    `One request every ${intervalMs} ms, of each kind in turn, whether or not earlier answers have come. Any answer but 200 has a row of its own.`,
    'What is asked for is held before anything is measured: the first 100 and 2,000 objects of the feed, and the end of a reading that began an hour before its end, whose poll finds nothing new (`FEED_LOG_TIP_SECONDS` is 3,600, so that no poll asks Sekoia). The first walk goes on from there. All answers are asked for with gzip, as most client libraries do.',
    'A look-up (`objects/{id}/context` of Sekoia’s own API) is held for 60 seconds, so one in a while is a miss, in a row of its own, and waits for Sekoia.',
    'The quiet gateway is measured for as long before each of the two, in the same process.',
    `The objects span ${historyDays} days. Gateways at default settings but those named, and \`windowDays\` all for the build.`
  ]
})

/** A gateway of its own, quiet and then at work. */
async function measure(
  what: string,
  work: (gateway: Running) => Promise<Row>,
  env: Readonly<Record<string, string>> = {}
): Promise<void> {
  const gateway = await startGateway({
    upstream,
    dataDir: temporaryDir(),
    env: {
      FEED_LOG_TIP_SECONDS: '3600',
      WORKERS: values.workers,
      ...env
    }
  })
  const plan = await planFor(gateway)
  // Its code is compiled for what follows.
  await askDuring(plan, () => delay(3000))
  phases[`nothing, before ${what}`] = await askDuring(plan, () => delay(quietMs))
  let row: Row = {}
  phases[what] = await askDuring(plan, async () => {
    row = { during: what, ...(await work(gateway)) }
  })
  meanwhile.push(row)
  await gateway.stop()
}

async function planFor({ url }: Running): Promise<Plan> {
  const recently = new Date(Date.now() - 3_600_000).toISOString()
  const { lastDate } = await getPage(url, `limit=1000&added_after=${recently}`)
  const page = (limit: number) => `${objectsPath}?limit=${limit}`
  const poll = `${page(1000)}&added_after=${lastDate}`
  const pages = [poll, page(100), page(2000)]
  for (const path of [...pages, ...lookUps]) await ask(url, path)
  const [polls, hundred, twoThousand] = pages.map(path => [path])
  return {
    intervalMs,
    series: [
      { name: 'poll', origin: url, paths: polls! },
      { name: 'page of 100', origin: url, paths: hundred! },
      { name: 'page of 2,000', origin: url, paths: twoThousand! },
      { name: 'look-up', origin: url, paths: lookUps },
      { name: bareName, origin: bare.url, paths: ['/'] }
    ]
  }
}

function rows(): Row[] {
  const names = Object.keys(phases)
  return names.flatMap((during, i) => {
    const quiet = phases[names[i - (i % 2)]!]!
    return Object.keys(phases[during]!)
      .toSorted()
      .map(asked => rowOf({ during, asked }, phases[during]![asked]!, [quiet, phases[during]!]))
  })
}

/** @param beside times of the quiet gateway, and all of the same phase */
function rowOf(named: Row, times: readonly number[], [quiet, all]: [Times, Times]): Row {
  const p99 = percentile(times, 0.99)
  const ratioTo = (others: readonly number[] | undefined) =>
    others ? round(p99 / percentile(others, 0.99), 2) : ''
  const ratio = ratioTo(quiet[named['asked']!])
  const isJudged = quiet !== all && named['asked'] !== bareName && ratio !== ''
  const isMet = Number(ratio) <= mostRatio && p99 <= mostMs
  return {
    ...named,
    answers: times.length,
    'p50 ms': round(median(times), 2),
    'p99 ms': round(p99, 2),
    'max ms': round(Math.max(...times), 1),
    'p99 of quiet': ratio,
    'p99 of bare': ratioTo(all[bareName]),
    'as wanted': isJudged ? (isMet ? 'yes' : 'no') : ''
  }
}
