/** Many clients of all kinds at once, over real HTTP: the models of the tests, each with its own pace. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../../test/support/gateway.ts'
import {
  type Inspect,
  type ModelClient,
  makeCrowd,
  type Served
} from '../../test/support/model-clients.ts'
import { objectsPath, taxiiHeaders } from './clients.ts'

export interface CrowdOptions {
  /** Of the gateway, without a path. */
  readonly url: string
  readonly clients: number
  readonly inspect: Inspect
}

/** A client that got an error rests for so long. */
const afterErrorMs = 1000

const limits = [100, 250, 500, 1000, 2000]

/** A collection as clients see it; `encoding` is what they accept. Rejects when there is no answer. */
function serve(url: string, encoding: string): Served {
  const collection = url + objectsPath.replace('objects/', '')
  return {
    clock: Date,
    async get(path): Promise<Answer> {
      const reply = await fetch(collection + path, {
        headers: { ...taxiiHeaders, 'accept-encoding': encoding },
        signal: AbortSignal.timeout(60_000)
      })
      const text = await reply.text()
      if (reply.status !== 200) await delay(afterErrorMs)
      const headers = Object.fromEntries(reply.headers)
      return { status: reply.status, headers, text, body: JSON.parse(text) }
    }
  }
}

/** One client after the other of each kind, every second crowd of kinds with gzip. */
export function startCrowd({ url, clients, inspect }: CrowdOptions): ModelClient[] {
  const made: ModelClient[] = []
  for (let i = 0; made.length < clients; i++) {
    const world = serve(url, i % 2 === 0 ? 'identity' : 'gzip')
    const turned = [...limits.slice(i % limits.length), ...limits.slice(0, i % limits.length)]
    made.push(...makeCrowd({ world, limits: turned, inspect, start: '2000-01-01T00:00:00.000Z' }))
  }
  return made.slice(0, clients)
}

/** Reads on and polls until told to end; between polls it rests up to `restMs` milliseconds. */
export async function live(
  client: ModelClient,
  restMs: number,
  { signal, onError }: { signal: AbortSignal; onError(error: unknown): void }
): Promise<void> {
  while (!signal.aborted) {
    await client.step().catch(onError)
    if (client.isIdle) await delay(Math.random() * restMs)
  }
}

/** Until it is told that there is no more, or so often. */
export async function finish(client: ModelClient, steps = 1000): Promise<void> {
  let made = 0
  do await client.step()
  while (!client.isIdle && ++made < steps)
}
