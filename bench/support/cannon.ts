/** autocannon in a process of its own: how many answers a server gives, and what each costs it. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { taxiiHeaders } from './clients.ts'

const cannon = fileURLToPath(
  new URL('../../node_modules/autocannon/autocannon.js', import.meta.url)
)

export interface Shots {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU of the server for each answer. */
  readonly cpu: number
}

export interface Target {
  readonly url: string
  /** CPU time that the server has used, in milliseconds. */
  cpuMs(): number
}

/** @throws when an answer is not 2xx, or does not come */
export async function shoot(
  { url, cpuMs }: Target,
  path: string,
  { connections, seconds }: { connections: number; seconds: number }
): Promise<Shots> {
  const headers = Object.entries(taxiiHeaders).flatMap(pair => ['-H', pair.join('=')])
  const args = [cannon, '-j', '-c', `${connections}`, '-d', `${seconds}`, ...headers, url + path]
  const before = cpuMs()
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const cpu = (cpuMs() - before) * 1000
  const { requests, latency, errors, non2xx } = JSON.parse(stdout)
  if (errors > 0 || non2xx > 0) throw new Error(`${errors} errors, ${non2xx} refusals`)
  return {
    perSecond: requests.average,
    p50: latency.p50,
    p99: latency.p99,
    cpu: cpu / requests.total
  }
}
