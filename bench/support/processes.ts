/** The processes of a bench, and what the kernel counts for them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'

const children = new Set<ChildProcess>()
const directories = new Set<string>()
process.once('exit', () => {
  for (const child of children) child.kill()
  for (const path of directories) rmSync(path, { recursive: true, force: true })
})

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Running {
  /** `http://host:port`, without a path. */
  readonly url: string
  readonly pid: number
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>
}

export interface UpstreamOptions {
  readonly objects: number
  /** Milliseconds before each answer; default 0. */
  readonly delayMs?: number
  /** Between the oldest and the newest object; default since 2019. */
  readonly historyDays?: number
}

/** The simulator behind a memory of its answers, see upstream.ts. */
export const startUpstream = ({
  objects,
  delayMs = 0,
  historyDays
}: UpstreamOptions): Promise<Running> =>
  startPrinting([
    ...['bench/support/upstream.ts', String(objects), String(delayMs)],
    ...(historyDays === undefined ? [] : [String(historyDays)])
  ])

/** A plain node:http server that sends one buffer of this many bytes to everybody. */
export const startBare = (bytes: number): Promise<Running> =>
  startPrinting(['bench/support/bare.ts', String(bytes)])

/** The simulator as `npm run simulator` starts it. */
export const startSimulator = (
  objects: number,
  key: string,
  historyDays?: number
): Promise<Running> =>
  startPrinting([
    ...scriptArguments('simulator'),
    ...['--port', '0', '--objects', String(objects), '--key', key],
    ...(historyDays === undefined ? [] : ['--history-days', String(historyDays)])
  ])

/** Its first line holds its URL. */
async function startPrinting(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  return running(child, /http:[^\s,]+/.exec(line)![0])
}

export interface GatewayOptions {
  readonly upstream: Running
  readonly dataDir: string
  /** Options by their names in the environment; everything else is at its default. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the checkout whose gateway it is; default this one. */
  readonly root?: string
}

/** The gateway with default settings, with the flags of `npm start` and the environment of the image; resolves when
 * `/readyz` says so. */
export async function startGateway(options: GatewayOptions): Promise<Running> {
  const port = await freePort()
  const from = options.root ?? root
  const child = spawn(process.execPath, startArguments(from), {
    cwd: from,
    env: {
      PATH: process.env['PATH'],
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '131072',
      MALLOC_TRIM_THRESHOLD_: '131072',
      PORT: String(port),
      DATA_DIR: options.dataDir,
      SEKOIA_URL: options.upstream.url,
      ...options.env
    },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const gateway = running(child, `http://127.0.0.1:${port}`)
  for (;;) {
    if (child.exitCode !== null) throw new Error('the gateway did not start')
    const answer = await request(`${gateway.url}/readyz`).catch(() => undefined)
    await answer?.body.dump()
    if (answer?.statusCode === 200) return gateway
    await delay(2)
  }
}

/** What `npm start` gives to node, or `BENCH_NODE_OPTIONS` in place of its flags. */
function startArguments(from: string): string[] {
  const start = scriptArguments('start', from)
  const flags = process.env['BENCH_NODE_OPTIONS']
  return flags === undefined ? start : [...flags.split(' ').filter(Boolean), start.at(-1)!]
}

/** What a script of package.json gives to node. */
function scriptArguments(name: 'start' | 'simulator', from = root): string[] {
  const { scripts } = JSON.parse(readFileSync(`${from}/package.json`, 'utf8'))
  return scripts[name].split(' ').slice(1)
}

function running(child: ChildProcess, url: string): Running {
  children.add(child)
  return {
    url,
    pid: child.pid!,
    async stop() {
      children.delete(child)
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await once(child, 'exit')
    }
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address && typeof address === 'object' ? address.port : 0
}

/** An empty directory that goes when this process ends. */
export function temporaryDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'gateway-bench-'))
  directories.add(path)
  return path
}

const ticksPerSecond = 100

/** CPU time that a process has used, all its threads, user and system, in milliseconds (10 ms steps). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** A process and those that it has started. */
export function pidsOfAll(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return [pid, ...children.filter(Boolean).map(Number)]
}

/** {@link cpuMs} of a process and those that it has started. */
export const cpuMsOfAll = (pid: number): number =>
  pidsOfAll(pid).reduce((sum, one) => sum + cpuMs(one), 0)

export interface Memory {
  /** Resident now and at most so far, in megabytes (10^6 bytes). */
  readonly rss: number
  readonly peak: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { rss: read('VmRSS'), peak: read('VmHWM') }
}
