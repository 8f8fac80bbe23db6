import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The gateway as its user starts it: a process of its own, configured by its environment, over real HTTP. */
export interface GatewayProcess {
  /** `http://host:port`, without a path. */
  readonly url: string
  /** What a client is configured with. */
  readonly discovery: string
  /** Ends the process as a crash would. */
  kill(): Promise<void>
}

/** Starts it on a free port with an empty data directory; the test's end stops it. Rejects when it does not start. */
export async function startGateway(
  t: Test,
  env: Readonly<Record<string, string>>
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PORT: '0', DATA_DIR: t.testdir(), ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => stop(child))
  const url = await readAddress(child)
  child.stdout.resume()
  return { url, discovery: `${url}/taxii2/`, kill: () => stop(child, 'SIGKILL') }
}

/** From the log line that says where the server listens. */
async function readAddress(child: ChildProcess): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    const address = /listening at (http:[^"]+)"/.exec(line)?.[1]
    if (address !== undefined) return address
  }
  throw new Error(`the gateway did not start: ${lines.join('\n')}`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
