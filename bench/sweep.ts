/** What does it cost to read a whole feed again, for what its log lacks? */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../src/config/load.ts'
import { FeedLogs } from '../src/feedlog/logs.ts'
import { ApiKey, type ScopeId } from '../src/kernel/caller.ts'
import type { Clock, LogStore, Upstream } from '../src/kernel/ports.ts'
import { silentMeter } from '../src/kernel/ports.ts'
import { lastVersion } from '../src/kernel/records.ts'
import { createSekoiaClient } from '../src/sekoia/client.ts'
import { openSqliteStore } from '../src/stores/sqlite.ts'
import { feedId } from './support/clients.ts'
import { startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const objects = 200_000
const dayMs = 86_400_000

let aheadMs = 0
const clock: Clock = { now: () => Date.now() + aheadMs, sleep: ms => setTimeout(ms) }
const upstream = await startUpstream({ objects })
const config = loadConfig({
  directory: fileURLToPath(new URL('../config', import.meta.url)),
  env: { SEKOIA_URL: upstream.url },
  readFile: path => readFileSync(path, 'utf8')
})
const caller = { key: new ApiKey('bench-key'), scope: 'bench' as ScopeId }
let calls = 0
const client = createSekoiaClient({
  ...config.upstream,
  clock,
  baseUrl: upstream.url,
  repair: true,
  meter: silentMeter
})
const counting: Upstream = {
  ...client,
  page(...asked) {
    calls++
    return client.page(...asked)
  }
}
let sweeps = 0
const store = openSqliteStore({
  dataDir: temporaryDir(),
  bodyMaxBytes: config.store.bodyMaxBytes,
  clock
})
const watched: LogStore = {
  ...store,
  commit(log, change) {
    if (log.endsWith(':sweep') && JSON.parse(change.state.toString()).pages === 0) sweeps++
    return store.commit(log, change)
  }
}
const logs = new FeedLogs({
  upstream: counting,
  store: watched,
  clock,
  meter: silentMeter,
  settings: {
    ...config.feedLog,
    backfillParallel: 1,
    cacheMaxBytes: config.cache.maxBytes,
    feedSeconds: 60,
    repairRules: 'bench'
  }
})
let addedAfter: number | undefined

const walk = await measured('first walk, read by a client', poll)
aheadMs += 20_000
await poll()
const sweep = await measured('sweep, one poll included', async () => {
  const before = sweeps
  aheadMs += dayMs
  await poll()
  while (sweeps === before) await setTimeout(20)
})
await logs.close()
await client.close()
await store.close()
await upstream.stop()
publish({
  question: `Reading ${objects.toLocaleString('en')} objects again, nothing of which is new: calls to Sekoia, and CPU of the process (user and system).`,
  tables: { 'All of it is held': [walk, sweep] },
  notes: [
    'Real modules in this process, the store is SQLite; the simulator is a process of its own.',
    'The pages of the sweep are all due at once here; in operation they are spread over FEED_LOG_SWEEP_SECONDS.',
    'The sweep does not read the bodies of the log: it compares the digests of the times in the id index.'
  ]
})

/** Reads to the end of the feed. */
async function poll(): Promise<void> {
  for (let position: Parameters<FeedLogs['read']>[0]['position']; ; ) {
    const asked = { caller, feedId, types: [], addedAfter, position, continues: true }
    const filter = { versions: lastVersion, specVersions: undefined }
    const request = { ...asked, filter, limit: 2000, maxBytes: 2 ** 24 }
    const { dates, more, position: reached } = await logs.read(request, async () => {})
    addedAfter = dates.at(-1) ?? addedAfter
    if (!more) return
    position = reached
  }
}

async function measured(what: string, work: () => Promise<void>): Promise<Row> {
  const [callsBefore, cpuBefore, from] = [calls, process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuMs = (user + system) / 1000
  return {
    what,
    'calls for pages': calls - callsBefore,
    'CPU s': round(cpuMs / 1000, 2),
    'CPU ms per page': round(cpuMs / (calls - callsBefore), 1),
    seconds: round((performance.now() - from) / 1000, 1)
  }
}
