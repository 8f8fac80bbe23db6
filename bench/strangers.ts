/** What may strangers cost: connections on which nothing is asked, and keys that are made up? */
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { key, objectsPath } from './support/clients.ts'
import { Control } from './support/control.ts'
import { memoryOf, startGateway, startSimulator, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const [silent, madeUp, requestTimeoutMs] = [2000, 20_000, 5000]

const simulator = await startSimulator(2000, key)
const dataDir = temporaryDir()
const gateway = await startGateway({
  upstream: simulator,
  dataDir,
  env: { SERVER_REQUEST_TIMEOUT_MS: String(requestTimeoutMs), LOG_LEVEL: 'warn' }
})
const connections = await trySilent()
const keys = await tryKeys()
await gateway.stop()
await simulator.stop()
const isHeld =
  connections.every(({ status }) => status === 200) &&
  keys.every(({ 'calls to Sekoia': calls, rows }) => Number(calls) <= 300 && rows === 0)
publish({
  question:
    'Silent connections shut nobody out and are closed after the time-out; made-up keys cost no more calls than the bound and no rows.',
  tables: {
    [isHeld ? 'Held' : 'NOT HELD']: connections,
    'Made-up keys': keys
  },
  notes: [
    `${silent} connections are opened by one client and say nothing; \`SERVER_REQUEST_TIMEOUT_MS=${requestTimeoutMs}\`. A request with a good key, on a connection of its own, is made before, at once, and after the time-out.`,
    `${madeUp.toLocaleString('en')} requests, each with another made-up key, 50 at a time, for the objects of a feed, from one address, within the minute that \`AUTH_MAX_UNKNOWN_PER_MINUTE\` (300) counts or a few. \`rows\` is what they leave in the store.`
  ]
})

async function trySilent(): Promise<Row[]> {
  const rows = [await look('before')]
  const sockets = Array.from({ length: silent }, () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    return socket.on('error', () => {})
  })
  await delay(1000)
  rows.push(await look('at once'))
  await delay(requestTimeoutMs + 3000)
  rows.push(await look('after the time-out'))
  for (const socket of sockets) socket.destroy()
  return rows
}

async function look(when: string): Promise<Row> {
  const sockets = socketsOf(gateway.pid)
  const startedAt = performance.now()
  const status = await ask(key)
  return {
    when,
    'sockets of the gateway': sockets,
    status,
    ms: round(performance.now() - startedAt)
  }
}

/** As the kernel counts them, whatever their state. */
function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter(fd => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}

async function tryKeys(): Promise<Row[]> {
  const control = new Control(simulator.url, key)
  const calls = async () => (await control.call<unknown[]>('GET', 'calls')).length
  const rowsNow = () => {
    const store = new DatabaseSync(join(dataDir, 'feed-log.sqlite'), { readOnly: true })
    const { n } = store.prepare('SELECT count(*) AS n FROM journals').get() as { n: number }
    store.close()
    return n
  }
  const before = { calls: await calls(), rows: rowsNow(), rss: memoryOf(gateway.pid).rss }
  const statuses = new Map<number, number>()
  let next = 0
  const startedAt = performance.now()
  const work = async () => {
    for (let no = next++; no < madeUp; no = next++) {
      const status = await ask(`made-up-${no}`)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 50 }, work))
  return [
    {
      requests: madeUp,
      seconds: round((performance.now() - startedAt) / 1000),
      answers: [...statuses].map(([status, count]) => `${status}: ${count}`).join(', '),
      'calls to Sekoia': (await calls()) - before.calls,
      rows: rowsNow() - before.rows,
      'MB grown': round(memoryOf(gateway.pid).rss - before.rss)
    }
  ]
}

async function ask(withKey: string): Promise<number> {
  const { statusCode, body } = await request(`${gateway.url}${objectsPath}?limit=1`, {
    headers: { authorization: `Bearer ${withKey}` }
  })
  await body.dump()
  return statusCode
}
