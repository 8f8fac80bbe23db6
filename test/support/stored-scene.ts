import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { decodeBody } from '../../src/feedlog/journal/segment.ts'
import { withParts } from '../../src/feedlog/journal/stored-parts.ts'
import { History } from '../../src/history/history.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'
import { bytes } from '../../src/stores/sqlite-file.ts'
import { buildGateway } from './app.ts'
import { defaultFeed } from './gateway.ts'

/** What a gateway has in its data directory once everything that stores was used. */

export interface StoredValue {
  /** File, name and column, or file, space and table. */
  readonly at: string
  readonly value: Buffer
}

const objects = `/sekoia/collections/${defaultFeed}/objects/`
const native = '/api/v2/inthreat'
const dayMs = 86_400_000

export async function storedValues(t: Test): Promise<StoredValue[]> {
  const dataDir = t.testdir()
  const env = { FEED_LOG_SWEEP_SECONDS: '60', FEED_LOG_PAGE_LIMIT: '10', MISP_WINDOW_DAYS: 'all' }
  const odd = ['future', 'unreadable', 'nan', 'no-id'] as const
  const options = { store: { dataDir }, env, simulator: { odd } }
  const { send, simulator, meter, close } = await buildGateway(t, options)
  const poll = async (url: string) => {
    simulator.clock.advance(61_000)
    const { statusCode } = await send({ url })
    if (statusCode !== 200) throw new Error(`${statusCode} for ${url}`)
  }
  /** Polls until work in the background is done. */
  const until = async (isDone: () => boolean | Promise<boolean>) => {
    for (let polls = 0; !(await isDone()); polls++) {
      if (polls > 500) throw new Error('the background does not come to an end')
      await poll(objects)
      await setTimeout(20)
    }
  }
  const indicators = `${objects}?match[type]=indicator`
  await poll(objects)
  await poll(indicators)
  await poll(`${objects}?added_after=2026-01-10T00:00:00Z`)
  await poll(`/misp/${defaultFeed}/manifest.json`)
  const [id = '', edited = ''] = simulator.visible().map(visible => visible.id)
  simulator.edit(edited)
  simulator.revoke(id)
  simulator.add(2, { modified: '2021-06-01T00:00:00.123Z' })
  await until(async () => /late_arrivals_total{delay="swept"} 2/.test(await meter.text()))
  await poll(`${native}/objects/${id}`)
  simulator.clock.advance(91 * dayMs)
  await until(() => valuesIn(dataDir).some(({ at }) => at.endsWith(':removed state')))
  await poll(indicators)
  await close()
  await leaveWriter(dataDir)
  await leaveParts(dataDir)
  return valuesIn(dataDir)
}

/** A gateway that ends takes its name out of the history: here one is killed. */
async function leaveWriter(dataDir: string): Promise<void> {
  const store = openSqliteDocuments({ dataDir, clock: systemClock })
  const totals = { read: 7, calls: 3, callsFailed: 2, callsLimited: 1, latency: [1, 0, 2] }
  const parts = { totals: async () => totals, lag: () => 4, failing: () => 1 }
  const history = new History({ store, clock: systemClock, ...parts })
  for (const status of [200, 401, 404, 404, 500, 499, 499])
    history.recorder.note({ dialect: 'taxii', status, items: 5 })
  await history.write()
  await store.close()
}

/** The bodies of this scene are too small to be deflated for gzip answers: the smallest one is here. */
async function leaveParts(dataDir: string): Promise<void> {
  const store = openSqliteStore({ dataDir, bodyMaxBytes: 2 ** 30, clock: systemClock })
  const bodies = valuesIn(dataDir).filter(({ at }) => /^feed-log v1:\w+:\w+ body$/.test(at))
  const { at, value } = bodies.toSorted((a, b) => a.value.length - b.value.length)[0]!
  const { content, entries } = await decodeBody(value)
  const longer = withParts(value, await content!.deflate(entries))
  const put = (no: number) => store.lengthenBody(at.split(' ')[1]!, no, value.length, longer)
  for (let no = 1; !(await put(no)); no++);
  await store.close()
}

const tables = [
  ['feed-log', `SELECT log || ' state' AS at, state AS value FROM journals`],
  ['feed-log', `SELECT log || ' head' AS at, head AS value FROM heads`],
  ['feed-log', `SELECT log || ' body' AS at, body AS value FROM bodies`],
  ['documents', `SELECT space || ' ' || "table" AS at, value FROM documents`],
  ['answers', `SELECT name AS at, value FROM answers`]
] as const

function valuesIn(dataDir: string): StoredValue[] {
  return tables.flatMap(([file, query]) => {
    const database = new DatabaseSync(join(dataDir, `${file}.sqlite`), { readOnly: true })
    const rows = database.prepare(query).all()
    database.close()
    return rows.map(({ at, value }) => ({ at: `${file} ${at}`, value: bytes(value) }))
  })
}
