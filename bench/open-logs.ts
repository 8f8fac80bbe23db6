/** Does memory grow with the number of feed logs that were read once (K3)? */
import { request } from 'undici'
import { objectsPath, taxiiHeaders } from './support/clients.ts'
import { memoryOf, startGateway, startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const logs = 1600
const step = 400
const objects = 2000

const upstream = await startUpstream({ objects })
const tables: Record<string, Row[]> = {}
for (const [name, env] of [
  ['At default settings', {}],
  ['FEED_LOG_MAX_OPEN_LOGS=5', { FEED_LOG_MAX_OPEN_LOGS: '5' }]
] as const)
  tables[name] = await measure(env)
await upstream.stop()

publish({
  question: `Memory of a gateway while ${logs.toLocaleString('en')} combinations of \`match[type]\` are asked for once each: each has a log of its own.`,
  tables,
  notes: [
    `A feed of ${objects.toLocaleString('en')} objects; ten are asked for, and the gateway reads ahead. The first row is a gateway that has answered one request.`,
    'At most `FEED_LOG_MAX_OPEN_LOGS` (default 200) are open at a time, and all pages in memory share one bound, `CACHE_MAX_BYTES`.'
  ]
})

async function measure(env: Record<string, string>): Promise<Row[]> {
  const gateway = await startGateway({ upstream, dataDir: temporaryDir(), env })
  const rows: Row[] = []
  for (let no = 0; no <= logs; no++) {
    const path = `${objectsPath}?limit=10&match[type]=indicator,x-type-${no}`
    const { statusCode, body } = await request(gateway.url + path, { headers: taxiiHeaders })
    await body.dump()
    if (statusCode !== 200) throw new Error(`${statusCode} for ${path}`)
    if (no % step === 0) rows.push({ 'logs read': no, 'RSS, MB': round(memoryOf(gateway.pid).rss) })
  }
  await gateway.stop()
  return rows
}
