/**
 * Asks servers in turn at a steady pace, whether or not earlier answers have come. The first line of standard input is
 * the plan (steady.ts); at its end the times of the answers are printed.
 */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { authorization } from './clients.ts'
import type { Plan, Series, Times } from './steady.ts'

const dispatcher = new Agent({ keepAliveTimeout: 60_000 })
const times: Record<string, number[]> = {}
const input = createInterface({ input: process.stdin })
let isOver = false
input.once('line', line => run(JSON.parse(line)))
input.once('close', () => {
  isOver = true
})

async function run({ intervalMs, series }: Plan): Promise<void> {
  const asked: Promise<void>[] = []
  const startedAt = performance.now()
  for (let n = 0; !isOver; n++) {
    const wait = startedAt + n * intervalMs - performance.now()
    if (wait > 0) await delay(wait)
    const one = series[n % series.length]!
    asked.push(ask(one, Math.floor(n / series.length)))
  }
  await Promise.all(asked)
  console.log(JSON.stringify(times satisfies Times))
  await dispatcher.close()
}

async function ask({ name, origin, paths }: Series, turn: number): Promise<void> {
  const askedAt = performance.now()
  const kind = await request(origin + paths[turn % paths.length]!, {
    dispatcher,
    headers: { authorization, 'accept-encoding': 'gzip' }
  }).then(
    async ({ statusCode, headers, body }) => {
      await body.dump({ limit: 2 ** 30 })
      return statusCode === 200 ? headers['x-cache'] : statusCode
    },
    () => 'no answer'
  )
  const heard = kind === undefined ? name : `${name}, ${kind}`
  times[heard] ??= []
  times[heard].push(performance.now() - askedAt)
}
