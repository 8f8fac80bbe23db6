/**
 * Does the gateway stay well for a long time, with a crowd of clients, a feed that changes, and trouble every few
 * seconds? `--minutes N` (10) and `--redis` change it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Knob, knobs } from '../test/support/knobs.ts'
import type { Inspect, ModelClient } from '../test/support/model-clients.ts'
import { inspector } from '../test/support/promises.ts'
import { padded } from '../test/support/walks.ts'
import { key, readCounter } from './support/clients.ts'
import { Control, withShortPauses } from './support/control.ts'
import { finish, live, startCrowd } from './support/crowd.ts'
import { type Sample, sample, slope } from './support/gauges.ts'
import { memoryOf, startGateway, startSimulator, temporaryDir } from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import { publish, type Row, round } from './support/report.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, redis: { type: 'boolean' } }
})
const minutes = Number(values.minutes)
const [objects, crowdSize, tipSeconds] = [20_000, 50, 2]
const [restMs, sampleMs, changeMs] = [2000, 2000, 500]
/** So little that it is full from the beginning: what grows after that is not the cache. */
const cacheMebibytes = 16
/** Milliseconds that a late arrival is hidden, at most. */
const mostLateMs = 20_000

const simulator = await startSimulator(objects, key)
const control = new Control(simulator.url, key)
const redis = values.redis ? await startRedis({ isDurable: true }) : undefined
const gateway = await startGateway({
  upstream: simulator,
  dataDir: temporaryDir(),
  env: {
    FEED_LOG_TIP_SECONDS: `${tipSeconds}`,
    FEED_LOG_TIP_WAIT_MS: '1000',
    UPSTREAM_BREAKER_RESET_MS: '500',
    ACCESS_REFUSED_SECONDS: '1',
    CACHE_MAX_BYTES: `${cacheMebibytes * 2 ** 20}`,
    ...(redis && { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '500' })
  }
})

const ending = new AbortController()
const counts = { requests: 0, changes: 0, troubles: 0, walks: 0 }
/** How often a client got which answer, by the trouble of that moment; all of them are unexpected but a refused key's. */
const errors = new Map<string, number>()
let trouble: Pick<Knob, 'name' | 'refusals'> | undefined
let isBroken = false

const promises = inspector({ clock: Date, get: () => Promise.reject() })
const inspect: Inspect = (answer, query) => {
  counts.requests++
  if (answer.status !== 200) note(`${answer.status}${query.has('next') ? ' with next' : ''}`)
  else promises(answer, query)
}

function note(what: string): void {
  const name = `${what}, ${trouble?.name ?? 'no trouble'}`
  errors.set(name, (errors.get(name) ?? 0) + 1)
  const isRefusal = trouble?.refusals.some(status => what.startsWith(`${status}`))
  if (!isRefusal) isBroken = true
}

const life = { signal: ending.signal, onError: (error: unknown) => note(String(error)) }
const clients = startCrowd({ url: gateway.url, clients: crowdSize, inspect })
await Promise.all(clients.map(client => finish(client)))

const startedAt = performance.now()
const samples: Sample[] = []
const work = [
  ...clients.map(client => live(client, restMs, life)),
  repeat(changeMs, change),
  repeat(sampleMs, async () => void samples.push(await sample(gateway, startedAt))),
  repeat(1000, walkAnew),
  troubles()
]
await delay(minutes * 60_000)
ending.abort()
await Promise.all(work)
const lost = await settle()
const report = await rows()
const { peak } = memoryOf(gateway.pid)
await gateway.stop()
await redis?.stop()
await simulator.stop()

publish({
  name: redis ? 'soak-redis' : 'soak',
  question: `${crowdSize} clients of six kinds for ${minutes} minutes on ${redis ? 'Redis' : 'SQLite'}, while the feed changes and something goes wrong every few seconds: is anything lost, refused, or growing?`,
  arguments: process.argv.slice(2),
  tables: {
    [`${lost === 0 && !isBroken ? 'Held' : 'NOT HELD'}: ${lost} objects lost`]: report,
    Errors: errorRows(),
    'Memory and event loop, by minute': byMinute(peak)
  },
  notes: [
    'Clients: walkers from the beginning (a new one every second besides the crowd), pollers by `X-TAXII-Date-Added-Last`, by their own clock and by the largest `modified`, keepers of their last token, OpenCTI; pages of 100 to 2,000, half of them with gzip. Each polls again within 2 s.',
    'Every 500 ms two objects come, one is edited, and at times one is revoked, deleted, tied to others or late by up to 20 s.',
    `Trouble: the knobs of test/support/knobs.ts in turn${redis ? ', and Redis killed and started again' : ''}, each for 1 to 3 s, with a pause of 3 s. Where Sekoia asks for a pause, it is 2 s.`,
    'Lost: objects that Sekoia shows at the end in a version that a client never got, over all clients of the crowd and six that read everything at the end.',
    'Errors: every answer but 200, and none at all, by what was wrong at that moment. A refused key is answered 401 or 403, as it has to be; a client that got an error rests for a second.',
    `Megabytes of 10^6 bytes. Slope: least squares over the samples after the first minute. CACHE_MAX_BYTES is ${cacheMebibytes} MiB, so that it is full from the beginning, and what is held is read from the store all the time. The log grows meanwhile, and with it its heads in memory: about 240 bytes for each object that comes (docs/operations.md).`
  ]
})
process.exitCode = lost === 0 && !isBroken ? 0 : 1

/** Again and again, with a pause, until the end. */
async function repeat(pauseMs: number, work: () => Promise<unknown>): Promise<void> {
  while (!ending.signal.aborted) {
    await work().catch(() => {})
    await delay(pauseMs)
  }
}

/** Something of everything; what fails because Sekoia is down is left out. */
async function change(): Promise<void> {
  const { ids } = await control.call<{ ids: string[] }>('POST', 'add', { count: 2 })
  const [id] = ids
  const turn = counts.changes++ % 10
  await control.call('POST', turn === 3 ? 'revoke' : 'edit', { id })
  if (turn === 5) await control.call('POST', 'remove', { id: ids[1] })
  if (turn === 7) await control.call('POST', 'ties', { count: 3 })
  const hiddenForMs = Math.ceil(Math.random() * mostLateMs)
  if (turn === 9) await control.call('POST', 'add', { count: 1, hiddenForMs })
}

/** A client that reads everything from the beginning, once. */
async function walkAnew(): Promise<void> {
  const [walker] = startCrowd({ url: gateway.url, clients: 1, inspect })
  await finish(walker!)
  counts.walks++
}

async function troubles(): Promise<void> {
  const all: (Pick<Knob, 'name' | 'refusals'> & { run(ms: number): Promise<unknown> })[] = [
    ...knobs
      .map(withShortPauses)
      .map(knob => ({ ...knob, run: (ms: number) => control.disturb(knob, ms) }))
  ]
  if (redis) {
    const run = async (ms: number) => {
      await redis.kill()
      await delay(ms)
      await redis.start()
    }
    for (let i = 0; i < all.length; i += 6)
      all.splice(i, 0, { name: 'Redis killed', refusals: [], run })
  }
  for (let i = 0; !ending.signal.aborted; i++) {
    await delay(1000)
    trouble = all[i % all.length]!
    await all[i % all.length]!.run(1000 + Math.random() * 2000)
    // What was asked for while it lasted may be answered later, and a refusal is remembered for a second.
    await delay(2000)
    trouble = undefined
    counts.troubles++
  }
}

/**
 * All is well, everything late has come: each client polls until there is no more, and new ones read everything.
 * Returns how much they lack.
 */
async function settle(): Promise<number> {
  await delay(mostLateMs)
  for (let poll = 0; poll < 3; poll++) {
    await delay(tipSeconds * 1000 + 500)
    await Promise.all(clients.map(client => finish(client)))
  }
  const anew = startCrowd({ url: gateway.url, clients: 6, inspect })
  await Promise.all(anew.map(client => finish(client)))
  const wanted = (await control.visible()).map(({ id, modified }) => `${id}|${padded(modified)}`)
  const lacks = ({ received }: ModelClient) => wanted.filter(each => !received.has(each)).length
  return [...clients, ...anew].reduce((sum, client) => sum + lacks(client), 0)
}

async function rows(): Promise<Row[]> {
  const counter = (name: string, label?: string) => readCounter(gateway.url, name, label)
  const later = samples.filter(each => each.minutes >= Math.min(1, minutes / 2))
  const through = (of: (each: Sample) => number) =>
    round(slope(later.map(each => [each.minutes, of(each)])), 2)
  const gauges = {
    'memory slope, MB/min': through(each => each.rss),
    'of it heap in use': through(each => each.heapUsed),
    'of it Buffers': through(each => each.external)
  }
  const figures = {
    requests: counts.requests,
    'requests/s': round(counts.requests / minutes / 60),
    'walks from the beginning': counts.walks,
    troubles: counts.troubles,
    'objects read from Sekoia': await counter('objects_read'),
    'objects sent': await counter('taxii_objects'),
    'calls to Sekoia': await counter('upstream_requests'),
    'of them answered 200': await counter('upstream_requests', '"200"'),
    'store errors': await counter('store_errors'),
    ...gauges
  }
  return Object.entries(figures).map(([what, value]) => ({ what, value }))
}

function errorRows(): Row[] {
  const noted = [...errors].map(([what, times]) => ({ 'answer, and what was wrong': what, times }))
  return noted.length > 0 ? noted : [{ 'answer, and what was wrong': 'none', times: 0 }]
}

function byMinute(peak: number): Row[] {
  const last = samples.at(-1)!.minutes
  return Array.from({ length: Math.ceil(last) }, (_, minute) => {
    const of = samples.filter(each => Math.floor(each.minutes) === minute)
    const most = (value: (each: Sample) => number) => Math.max(...of.map(value))
    return {
      minute: minute + 1,
      'RSS at most': round(most(each => each.rss)),
      'heap used at most': round(most(each => each.heapUsed)),
      'Buffers at most': round(most(each => each.external)),
      'event loop delay p99 ms, worst': round(most(each => each.delayP99)),
      'largest ms': round(most(each => each.delayMax)),
      peak: minute === Math.ceil(last) - 1 ? round(peak) : ''
    }
  }).filter(row => Number.isFinite(row['RSS at most']))
}
