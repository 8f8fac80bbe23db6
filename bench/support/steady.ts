/** Questions at a steady pace from a process of their own, see steady-pace.ts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface Series {
  readonly name: string
  /** `http://host:port`. */
  readonly origin: string
  /** Asked one after the other, then from the first again. */
  readonly paths: readonly string[]
}

export interface Plan {
  /** Between two questions, whichever series they belong to. */
  readonly intervalMs: number
  readonly series: readonly Series[]
}

/** Milliseconds from question to end of answer, by name of the series and what came: `X-Cache`, or a failure. */
export type Times = Readonly<Record<string, readonly number[]>>

/** Asks for as long as the work takes. */
export async function askDuring(plan: Plan, work: () => Promise<unknown>): Promise<Times> {
  const script = fileURLToPath(new URL('steady-pace.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const kill = () => child.kill()
  process.once('exit', kill)
  const printed = text(child.stdout)
  const ended = once(child, 'exit')
  child.stdin.write(`${JSON.stringify(plan)}\n`)
  await work()
  child.stdin.end()
  await ended
  process.off('exit', kill)
  return JSON.parse(await printed)
}
