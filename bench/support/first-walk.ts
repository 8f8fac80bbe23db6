/** The most that a gateway does at once: the first walk of a feed, and the MISP build of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { authorization, feedId, walkSekoia, walkTaxii } from './clients.ts'
import { sample } from './gauges.ts'
import { cpuMsOfAll, memoryOf, type Running } from './processes.ts'
import { type Row, round } from './report.ts'

/** Both from the same moment to the end of the later one. */
export const walkAndBuild = (gateway: Running, limit: number): Promise<Row> =>
  measured(gateway, async sinceStart => {
    const walked = walkSekoia(gateway.url, { limit, parse: false }).then(sinceStart)
    const built = build(gateway).then(sinceStart)
    return { 'walk s': await walked, 'build s': await built }
  })

/** By a TAXII client, to the end. */
export const firstWalk = (gateway: Running, limit: number): Promise<Row> =>
  measured(gateway, async sinceStart => ({
    s: await walkTaxii(gateway.url, { limit, parse: false }).then(sinceStart)
  }))

export const firstBuild = (gateway: Running): Promise<Row> =>
  measured(gateway, async sinceStart => ({ s: await build(gateway).then(sinceStart) }))

/** What work takes, by its own account and of the gateway, all its processes. */
async function measured(
  gateway: Running,
  work: (sinceStart: () => number) => Promise<Row>
): Promise<Row> {
  const startedAt = performance.now()
  await sample(gateway, startedAt)
  const cpu = cpuMsOfAll(gateway.pid)
  const row = await work(() => round((performance.now() - startedAt) / 1000, 1))
  const cpuSeconds = round((cpuMsOfAll(gateway.pid) - cpu) / 1000, 1)
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
