import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { defaultKey } from '../../src/demo/simulator.ts'
import { tracesOf } from './traces.ts'

/** How a process ended, and everything it had written. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The gateway as its user starts it: a process of its own, configured by its environment, over real HTTP. */
export interface GatewayProcess {
  /** `http://host:port`, or `https:` with a certificate, without a path. */
  readonly url: string
  /** What a client is configured with. */
  readonly discovery: string
  /** Waits until its standard output matches; gives the match. */
  told(pattern: RegExp): Promise<RegExpExecArray>
  signal(signal: NodeJS.Signals): void
  /** Ends the process as a crash would. */
  kill(): Promise<Ended>
  /** Asks it to end, as a service manager does. */
  stop(): Promise<Ended>
}

/**
 * Starts it on a free port with an empty data directory; the test's end stops it, and fails when the key that
 * tests use stands in what it wrote (G6). Rejects with {@link Ended} as the cause when it does not start.
 */
export async function startGateway(
  t: Test,
  env: Readonly<Record<string, string>>
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: {
      PORT: '0',
      DATA_DIR: env['DATA_DIR'] ?? t.testdir(),
      // A machine that is busy with other tests is no overload of this gateway.
      OVERLOAD_MAX_EVENT_LOOP_DELAY_MS: '0',
      ...env
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const { told, end } = follow(child)
  t.teardown(async () => {
    const { stdout, stderr } = await end('SIGTERM')
    const traces = tracesOf(defaultKey, stdout + stderr)
    if (traces.length > 0) throw new Error(`the gateway wrote a key: ${traces.join(', ')}`)
  })
  const [, url = ''] = await told(/listening at (https?:[^"]+)"/)
  return {
    url,
    discovery: `${url}/taxii2/`,
    told,
    signal: signal => void child.kill(signal),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM')
  }
}

/** Keeps what the process writes, for those who wait for it and for its end. */
function follow(child: ChildProcess) {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', text => {
      output[name] += text
      child.emit('output')
    })
  }
  const ended = once(child, 'close').then(([code]): Ended => ({ code, ...output }))

  async function told(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(output.stdout)
      if (match) return match
      const end = await Promise.race([once(child, 'output').then(() => undefined), ended])
      if (end) throw new Error('the gateway ended', { cause: end })
    }
  }

  function end(signal: NodeJS.Signals): Promise<Ended> {
    child.kill(signal)
    return ended
  }

  return { told, end }
}
