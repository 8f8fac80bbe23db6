/** The most that a gateway does at once: the first walk of a feed, and the MISP build of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { authorization, feedId, walkSekoia } from './clients.ts'
import { sample } from './gauges.ts'
import { cpuMs, memoryOf, type Running } from './processes.ts'
import { type Row, round } from './report.ts'

/** Both from the same moment to the end of the later one. */
export async function walkAndBuild(gateway: Running, limit: number): Promise<Row> {
  const startedAt = performance.now()
  await sample(gateway, startedAt)
  const cpu = cpuMs(gateway.pid)
  const sinceStart = () => round((performance.now() - startedAt) / 1000, 1)
  const walked = walkSekoia(gateway.url, { limit, parse: false }).then(sinceStart)
  const built = build(gateway).then(sinceStart)
  const row = { 'walk s': await walked, 'build s': await built }
  const cpuSeconds = round((cpuMs(gateway.pid) - cpu) / 1000, 1)
  const { delayP99, delayMax } = await sample(gateway, startedAt)
  return {
    ...row,
    'gateway CPU s': cpuSeconds,
    'event loop delay p99 ms': round(delayP99, 1),
    'max ms': round(delayMax, 1),
    'peak RSS MB': round(memoryOf(gateway.pid).peak)
  }
}

/** From the first request for the MISP feed until it says that it holds everything. */
async function build({ url }: Running): Promise<void> {
  const get = (path: string) => request(`${url}/misp/${path}`, { headers: { authorization } })
  await get(`${feedId}/manifest.json`).then(({ body }) => body.dump())
  for (;;) {
    const { body } = await get('')
    const { feeds } = (await body.json()) as { feeds: { id: string; status: string }[] }
    if (feeds.find(({ id }) => id === feedId)?.status === 'in sync') return
    await delay(200)
  }
}
