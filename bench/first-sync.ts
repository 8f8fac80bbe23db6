/** How long does the first walk of a feed take, by how many chains read it at once, against reading Sekoia directly? */
import { parseArgs } from 'node:util'
import { request } from 'undici'
import { walkSekoia, walkTaxii } from './support/clients.ts'
import { cpuMs, memoryOf, startGateway, startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '200000' },
    delays: { type: 'string', default: '0,50,200' },
    chains: { type: 'string', default: '1,2,4,8' }
  }
})
const objects = Number(values.objects)
const numbers = (list: string): number[] => list.split(',').map(Number)

const tables: Record<string, Row[]> = {}
for (const delayMs of numbers(values.delays))
  tables[`Sekoia takes ${delayMs} ms for each page`] = await measure(delayMs)
publish({
  question: `The first walk of ${objects.toLocaleString('en')} objects through a gateway that was just started on an empty data directory (TAXII, limit 1,000, following next), by the most chains that may read the history at once, and directly (pages of 2,000 by cursor).`,
  tables,
  notes: [
    'One round. Loopback; simulator, gateway and client are processes of their own on the same cores.',
    'Calls are those for pages of the feed that reached the simulator. With 8 chains `UPSTREAM_MAX_IN_FLIGHT_PER_KEY` is 8, too.',
    'The simulator sends kept gzip bytes, made in a walk before the one that is measured: what it costs to make objects is hardly in the figures. Chains may begin elsewhere the second time.'
  ]
})

async function measure(delayMs: number): Promise<Row[]> {
  const upstream = await startUpstream({ objects, delayMs })
  const calls = async () => {
    const { body } = await request(`${upstream.url}/_calls`)
    return Number(await body.text())
  }
  await walkSekoia(upstream.url, { limit: 2000, parse: false })
  const rows: Row[] = []
  let directMs = 0
  let directCalls = 0
  const note = (walk: string, ms: number, made: number, more: Row = {}) => {
    const row: Row = {
      walk,
      s: round(ms / 1000, 1),
      'of direct': round(directMs / ms, 2),
      calls: made,
      'of one walk': round(made / directCalls, 3),
      ...more
    }
    rows.push(row)
    console.error(delayMs, JSON.stringify(row))
  }
  let before = await calls()
  directMs = (await walkSekoia(upstream.url, { limit: 2000, parse: false })).ms
  directCalls = (await calls()) - before
  note('direct', directMs, directCalls)
  for (const chains of numbers(values.chains)) {
    // Once for the simulator to know the pages, once to measure. One chain reads what was read directly.
    for (const isMeasured of chains > 1 || delayMs === 0 ? [false, true] : [true]) {
      const env = {
        UPSTREAM_BACKFILL_PARALLEL: `${chains}`,
        UPSTREAM_MAX_IN_FLIGHT_PER_KEY: `${Math.max(4, chains)}`
      }
      const gateway = await startGateway({ upstream, dataDir: temporaryDir(), env })
      before = await calls()
      const cpu = cpuMs(gateway.pid)
      const { ms } = await walkTaxii(gateway.url, { limit: 1000, parse: false })
      if (isMeasured)
        note(`gateway, ${chains} at once`, ms, (await calls()) - before, {
          'gateway CPU ms': round(((cpuMs(gateway.pid) - cpu) / objects) * 2000, 1),
          'peak RSS MB': round(memoryOf(gateway.pid).peak)
        })
      await gateway.stop()
    }
  }
  await upstream.stop()
  return rows
}
