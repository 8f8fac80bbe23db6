import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { openRedisStore, type RedisStoreOptions } from '../../src/stores/redis.ts'
import type { Stores } from '../../src/stores/stores.ts'
import { installPackage } from './system-package.ts'

/** Real Redis servers on free ports of loopback, in directories of their own, gone when the test ends. */

/** Told what to do when it is over; a tap test is one. */
export interface Scope {
  teardown(work: () => Promise<void>): unknown
}

export interface RedisServer {
  readonly port: number
  /** One command, sent by a connection of its own. */
  call(command: string, ...args: (string | number)[]): Promise<unknown>
  /** Ends the process as a crash would; data that was in memory is lost. */
  kill(): Promise<void>
  /** The same server again, on the same port. */
  start(): Promise<void>
  /** SIGSTOP: connections are accepted and nothing is answered. */
  pause(): void
  resume(): void
}

export interface SentinelSetup {
  readonly sentinel: RedisServer
  readonly master: RedisServer
  readonly replica: RedisServer
}

/** Options of a store for a server without TLS and users. */
export const redisOptions = (
  ports: number | readonly number[],
  options: Partial<RedisStoreOptions> = {}
): RedisStoreOptions => ({
  url: `redis://${[ports].flat().map(port => `127.0.0.1:${port}`)}`,
  mode: 'single',
  username: '',
  password: '',
  sentinelName: 'mymaster',
  sentinelPassword: '',
  tls: {},
  timeoutMs: 2000,
  keyPrefix: 'test:',
  bodySeconds: 30 * 86_400,
  ...options
})

/** What `openRedisStore` gives, closed when the test ends. */
export async function openRedis(t: Scope, options: RedisStoreOptions): Promise<Stores> {
  const stores = await openRedisStore(options)
  t.teardown(() => closeStores(stores))
  return stores
}

export async function closeStores({ log, documents, answers }: Stores): Promise<void> {
  await Promise.all([log.close(), documents.close(), answers.close()])
}

/** One server; `args` as on its command line. */
export const startRedis = (t: Scope, args: readonly string[] = []): Promise<RedisServer> =>
  launch(t, port => ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', ...args])

/** One server that speaks only TLS; paths of PEM files. It asks for a client certificate of `ca`. */
export const startTlsRedis = (
  t: Scope,
  { ca, cert, key }: { ca: string; cert: string; key: string }
): Promise<RedisServer> =>
  launch(t, port => {
    const files = ['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key]
    return ['--port', '0', '--tls-port', `${port}`, '--bind', '127.0.0.1', '--save', '', ...files]
  })

/** Three masters that share the slots. */
export async function startRedisCluster(t: Scope): Promise<RedisServer[]> {
  const args = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no']
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis(t, args)))
  const slots = 16_384
  await Promise.all(
    nodes.map(async (node, i) => {
      const [first, end] = [i, i + 1].map(third => Math.floor((third * slots) / nodes.length))
      const own = Array.from({ length: end! - first! }, (_, slot) => first! + slot)
      await node.call('CLUSTER', 'ADDSLOTS', ...own)
      await node.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]!.port)
    })
  )
  await Promise.all(
    nodes.map(node =>
      until(async () => {
        const info = String(await node.call('CLUSTER', 'INFO'))
        return /cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info)
      })
    )
  )
  return nodes
}

/** A master named `mymaster`, its replica, and one Sentinel that fails over within a second or two. */
export async function startSentinel(t: Scope): Promise<SentinelSetup> {
  const master = await startRedis(t)
  const replica = await startRedis(t, ['--replicaof', '127.0.0.1', `${master.port}`])
  await until(async () => /master_link_status:up/.test(String(await replica.call('INFO'))))
  const sentinel = await launch(t, (port, directory) => {
    const file = join(directory, 'sentinel.conf')
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds mymaster 300',
        'sentinel failover-timeout mymaster 2000'
      ].join('\n')
    )
    return [file, '--sentinel']
  })
  await until(async () => {
    const replicas = await sentinel.call('SENTINEL', 'REPLICAS', 'mymaster')
    return Array.isArray(replicas) && replicas.length === 1
  })
  return { sentinel, master, replica }
}

/** Resolves when `condition` holds; a rejection counts as not yet. The test's own timeout ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (
    !(await Promise.resolve()
      .then(condition)
      .catch(() => false))
  )
    await sleep(10)
}

/** Redis listens on a port and, in a Cluster, on one 10,000 above it. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function launch(
  t: Scope,
  argumentsFor: (port: number, directory: string) => string[]
): Promise<RedisServer> {
  installPackage('redis-server', 'redis-server')
  const directory = mkdtempSync(join(tmpdir(), 'redis-'))
  let child: ChildProcess | undefined
  let port = await freePort()
  while (!child) {
    child = await run(argumentsFor(port, directory), directory)
    if (!child) port = await freePort()
  }
  const args = argumentsFor(port, directory)

  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  t.teardown(async () => {
    await kill()
    rmSync(directory, { recursive: true, force: true })
  })

  return {
    port,
    kill,
    async call(command, ...args) {
      const client = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false })
      client.on('error', () => {})
      try {
        return await client.call(command, ...args)
      } finally {
        client.disconnect()
      }
    },
    async start() {
      child = await run(args, directory)
      if (!child) throw new Error(`redis-server did not start again on port ${port}`)
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT')
  }
}

/** The process once it is ready, or undefined when it ended before, as it does when the port is taken. */
async function run(args: readonly string[], directory: string): Promise<ChildProcess | undefined> {
  const child = spawn('redis-server', args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const endWithTest = () => child.kill('SIGKILL')
  process.once('exit', endWithTest)
  child.once('exit', () => process.off('exit', endWithTest))
  let output = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk
    if (/Ready to accept connections|Sentinel ID is/.test(output)) {
      child.stdout.resume()
      return child
    }
  }
  return undefined
}
