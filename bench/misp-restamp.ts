/** What does it cost to stamp the events of a feed anew within a week, and to notice that none is due? */
import { createHash } from 'node:crypto'
import { ApiKey, type ScopeId } from '../src/kernel/caller.ts'
import { type Clock, silentMeter } from '../src/kernel/ports.ts'
import type { FeedRecord, Records } from '../src/kernel/records.ts'
import { Builder } from '../src/misp/build/builder.ts'
import { createMapping } from '../src/misp/mapping/mapping.ts'
import { repairRules } from '../src/stix/repair.ts'
import { openSqliteDocuments } from '../src/stores/sqlite-documents.ts'
import { temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [50_000, 100_000]
const dayMs = 86_400_000
const historyDays = 90
const periodDays = 7
const roundsPerDay = 24
const idleRounds = 50
const begin = Date.UTC(2026, 0, 15)

const markings = [
  '613f2e26-407d-48c7-9eca-b8e91df99dc9',
  '34098fce-860f-48ae-8e50-ebd3cc5e41da',
  'f88d31f6-486f-44da-b317-01333bde0b82'
]

/** Three of four are URLs, the rest files with two hashes, which become Objects. */
function toRecord(n: number, count: number): FeedRecord {
  const digest = createHash('sha256').update(String(n)).digest('hex')
  const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`
  const date = begin - historyDays * dayMs + Math.floor((n * historyDays * dayMs) / count)
  const time = new Date(date).toISOString()
  const pattern =
    n % 4 === 0
      ? `[file:hashes.MD5 = '${digest.slice(0, 32)}' OR file:hashes.'SHA-256' = '${digest}']`
      : `[url:value = 'http://${digest.slice(0, 12)}.example.com/${digest.slice(12, 30)}']`
  const object = {
    type: 'indicator',
    id: `indicator--${uuid}`,
    created: time,
    modified: time,
    name: `Indicator ${n}`,
    confidence: n % 100,
    pattern,
    pattern_type: 'stix',
    valid_from: time,
    labels: [`label-${n % 30}`],
    object_marking_refs: [`marking-definition--${markings[n % 3]}`],
    kill_chain_phases: [
      { kill_chain_name: 'lockheed-martin-cyber-kill-chain', phase_name: 'delivery' }
    ]
  }
  const { id, type } = object
  return {
    id,
    type,
    version: time,
    specVersion: '2.1',
    date,
    bytes: Buffer.from(JSON.stringify(object))
  }
}

/** A feed that is read once, and has nothing new from then on. */
function recordsOf(count: number): Pick<Records, 'read'> {
  let next = 0
  return {
    async read({ limit }) {
      const size = Math.min(limit, count - next)
      const records = Array.from({ length: size }, (_, i) => toRecord(next + i, count))
      next += size
      const dates = records.map(({ date }) => date)
      const more = next < count
      const last = dates.at(-1)
      const position = more && last !== undefined ? { natural: last } : undefined
      return { records, dates, chunks: [], more, position, outcome: 'held' } as unknown as Awaited<
        ReturnType<Records['read']>
      >
    }
  }
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function measure(indicators: number): Promise<Row> {
  let now = begin
  const clock: Clock = { now: () => now, sleep: async () => {} }
  const store = openSqliteDocuments({ dataDir: temporaryDir(), clock })
  const caller = { key: new ApiKey('bench'), scope: '0'.repeat(32) as ScopeId }
  const builder = new Builder({
    feedId: 'feed',
    title: 'Feed',
    space: 'space',
    records: recordsOf(indicators),
    upstream: {
      page: () => Promise.reject(new Error('no page')),
      objects: async () => ({ bytes: Buffer.alloc(0), entries: [], nextCursor: null, itemCount: 0 })
    },
    store,
    clock,
    meter: silentMeter,
    mapping: createMapping({ defaultTlp: 'amber', galaxies: undefined }),
    settings: {
      windowDays: undefined,
      shardBits: 4,
      repairRules: repairRules(true),
      expiredMs: 30 * dayMs,
      tombstoneMs: 180 * dayMs,
      marginSeconds: 300,
      restampMs: periodDays * dayMs,
      walkMs: 0,
      partialMs: 20_000,
      commitBytes: 4 * 1024 * 1024
    },
    onPublished: () => {}
  })
  const rounds = async (count: number, stepMs: number) => {
    for (let n = 0; n < count; n++) {
      now += stepMs
      await builder.round(caller)
    }
  }
  const build = await cpuOf(() => builder.round(caller))
  const idle = (await cpuOf(() => rounds(idleRounds, 1000))) / idleRounds
  // The first period spreads what one build stamped at once.
  await rounds(periodDays * roundsPerDay, dayMs / roundsPerDay)
  const week = await cpuOf(() => rounds(periodDays * roundsPerDay, dayMs / roundsPerDay))
  await store.close()
  const perDay = week / periodDays - idle * roundsPerDay
  return {
    indicators: indicators.toLocaleString('en'),
    'build, CPU s': round(build / 1000, 1),
    'build, CPU µs an indicator': round((build * 1000) / indicators),
    'CPU ms of a round without anything due': round(idle, 1),
    'stamping anew, CPU s a day': round(perDay / 1000, 2),
    '% of a core': round(perDay / 864_000, 4),
    'for 1,000,000, % of a core': round((perDay / 864_000) * (1_000_000 / indicators), 3)
  }
}

const rows: Row[] = []
for (const count of counts) rows.push(await measure(count))

publish({
  question: `A feed of so many indicators over ${historyDays} days, three quarters URLs and one quarter files with two hashes, whose events are all stamped anew within ${periodDays} days: what does that cost?`,
  tables: { [`Each day of the second ${periodDays} days`]: rows },
  notes: [
    `Builder and SQLite store in one process, without feed log and clients; a clock that is moved on by an hour for each round; 16 shards a day, three levels of TLP. The cost of rounds without anything due is taken off.`,
    'The last column multiplies by the number of indicators. An event costs something whatever is in it, and a feed ten times as large has about as many events: so it is rather too much.'
  ],
  arguments: process.argv.slice(2)
})
