/** A builder of MISP events over an SQLite store in this process, for a feed that is read once and has nothing new. */
import { createHash } from 'node:crypto'
import { ApiKey, type Caller, type ScopeId } from '../../src/kernel/caller.ts'
import { type Clock, silentMeter } from '../../src/kernel/ports.ts'
import type { FeedRecord, Records } from '../../src/kernel/records.ts'
import { Builder } from '../../src/misp/build/builder.ts'
import { MakerThread } from '../../src/misp/build/maker.ts'
import { createMapping } from '../../src/misp/mapping/mapping.ts'
import { repairRules } from '../../src/stix/repair.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'
import { temporaryDir } from './processes.ts'

const dayMs = 86_400_000
export const historyDays = 90
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

export interface BuilderBench {
  /** One round, so long after the last one. */
  round(stepMs: number): Promise<void>
  close(): Promise<void>
}

export interface BuilderBenchOptions {
  readonly indicators: number
  /** 2 to this power events a day. */
  readonly shardBits: number
  readonly restampMs: number
  /** True: events are made in a thread. */
  readonly isThreaded?: boolean
}

export function startBuilder({
  indicators,
  shardBits,
  restampMs,
  isThreaded = false
}: BuilderBenchOptions): BuilderBench {
  const rules = { defaultTlp: 'amber' } as const
  const thread = isThreaded
    ? new MakerThread({
        data: { mapping: rules, galaxiesDir: '' },
        onFailure(error) {
          throw error
        }
      })
    : undefined
  let now = begin
  const clock: Clock = { now: () => now, sleep: async () => {} }
  const store = openSqliteDocuments({ dataDir: temporaryDir(), clock })
  const caller: Caller = { key: new ApiKey('bench'), scope: '0'.repeat(32) as ScopeId }
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
    mapping: createMapping({ ...rules, galaxies: undefined }),
    thread,
    settings: {
      windowDays: undefined,
      shardBits,
      repairRules: repairRules(true),
      expiredMs: 30 * dayMs,
      tombstoneMs: 180 * dayMs,
      marginSeconds: 300,
      restampMs,
      walkMs: 0,
      partialMs: 20_000,
      commitBytes: 256 * 1024
    },
    onPublished: () => {}
  })
  return {
    async round(stepMs) {
      now += stepMs
      await builder.round(caller)
    },
    async close() {
      await thread?.close()
      await store.close()
    }
  }
}
