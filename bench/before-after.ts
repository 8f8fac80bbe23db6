/** What does an answer out of memory cost here, and what did it cost in another checkout, measured in turn? */
import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { getPage, objectsPath, walkTaxii } from './support/clients.ts'
import { cpuMs, startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const connections = 16
const seconds = 2
const rounds = 5

type Processes = typeof import('./support/processes.ts')

/** A checkout with its dependencies installed, in which `git describe` names the commit. */
const [other = '', name = 'before'] = process.argv.slice(2)
if (other === '') throw new Error('before-after.ts PATH [NAME]: the path of another checkout')

const upstream = await startUpstream({ objects: 10_000 })
const before = await started(
  (await import(pathToFileURL(`${other}/bench/support/processes.ts`).href)) as Processes
)
const after = await started(await import('./support/processes.ts'))
const { lastDate } = await getPage(after.url, 'limit=10000')
const queries = [
  ['poll, nothing new', `limit=1000&added_after=${lastDate}`, 'identity'],
  ['page of 100', 'limit=100', 'identity'],
  ['page of 2,000', 'limit=2000', 'identity'],
  ['page of 2,000, gzip', 'limit=2000', 'gzip']
] as const
const rows: Row[] = []
for (const [answer, query, encoding] of queries) rows.push(await compare(answer, query, encoding))

publish({
  question: `CPU of an answer from memory, ${connections} connections: the gateway of commit ${name} and of this one in turn.`,
  tables: { [`Medians of ${rounds} rounds of ${seconds} seconds`]: rows },
  notes: ['CPU of the whole process of the gateway, divided by its answers.'],
  arguments: ['PATH', name]
})
for (const gateway of [before, after]) await gateway.stop()
await upstream.stop()

async function started({ startGateway }: Processes) {
  const env = { FEED_LOG_TIP_SECONDS: '3600' }
  const gateway = await startGateway({ upstream, dataDir: temporaryDir(), env })
  await walkTaxii(gateway.url, { limit: 2000, parse: false })
  return gateway
}

async function compare(answer: string, query: string, encoding: string): Promise<Row> {
  const costs: { before: number; after: number }[] = []
  for (let turn = 0; turn <= rounds; turn++)
    costs.push({
      before: await cost(before, query, encoding),
      after: await cost(after, query, encoding)
    })
  // The first turn warms up.
  const counted = costs.slice(1)
  return {
    answer,
    'CPU µs before': round(median(counted.map(turn => turn.before)), 1),
    'CPU µs now': round(median(counted.map(turn => turn.after)), 1),
    ratio: round(median(counted.map(turn => turn.after / turn.before)), 2)
  }
}

async function cost(
  { url, pid }: { readonly url: string; readonly pid: number },
  query: string,
  encoding: string
): Promise<number> {
  const start = cpuMs(pid)
  const load = new URL('support/load.ts', import.meta.url).pathname
  const args = [load, `${url}${objectsPath}?${query}`, encoding, `${connections}`, `${seconds}`]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return ((cpuMs(pid) - start) * 1000) / JSON.parse(stdout).answers
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
