/** What does an answer from memory cost here, against another commit: polls and held pages of both in turn? */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { getPage, objectsPath, walkTaxii } from './support/clients.ts'
import { cpuMs, type Running, startUpstream, temporaryDir } from './support/processes.ts'
import { median, publish, type Row, round } from './support/report.ts'

const { values } = parseArgs({
  options: {
    /** A working directory of the other commit, with its `node_modules`. */
    against: { type: 'string' },
    rounds: { type: 'string', default: '5' }
  }
})
if (values.against === undefined) throw new Error('--against DIR is needed')
const rounds = Number(values.rounds)
const connections = 16
const seconds = 3

interface Side {
  readonly gateway: Running
  readonly lastDate: string
}

const upstream = await startUpstream({ objects: 10_000 })
const before = await start(values.against)
const after = await start(fileURLToPath(new URL('..', import.meta.url)))
const rows: Row[] = []
for (const [answer, query, encoding] of [
  ['poll, nothing new', 'limit=1000&added_after=', 'identity'],
  ['page of 100', 'limit=100', 'identity'],
  ['page of 2,000', 'limit=2000', 'identity'],
  ['page of 2,000, gzip', 'limit=2000', 'gzip']
] as const) {
  const costs: [number[], number[]] = [[], []]
  for (let i = 0; i <= rounds; i++)
    for (const [no, side] of [before, after].entries()) {
      const cost = await shoot(side, query, encoding)
      // The first round is to warm up.
      if (i > 0) costs[no]!.push(cost)
    }
  const [then, now] = [median(costs[0]), median(costs[1])]
  rows.push({ answer, before: round(then, 1), now: round(now, 1), ratio: round(now / then, 2) })
}
await before.gateway.stop()
await after.gateway.stop()
await upstream.stop()

publish({
  question: `CPU of the gateway for an answer from memory, in µs, with ${connections} connections: of another commit and of this one.`,
  arguments: ['--against', 'DIR'],
  tables: { [`Medians of ${rounds} rounds of ${seconds} seconds, in turn`]: rows },
  notes: [
    'Both gateways run all the time, at default settings, with the same simulator and the same client.'
  ]
})

/** Each tree starts its own gateway, as its bench does. */
async function start(tree: string): Promise<Side> {
  const { startGateway } = await import(`${tree}/bench/support/processes.ts`)
  const env = { FEED_LOG_TIP_SECONDS: '3600' }
  const gateway: Running = await startGateway({ upstream, dataDir: temporaryDir(), env })
  await walkTaxii(gateway.url, { limit: 2000, parse: false })
  const { lastDate } = await getPage(gateway.url, 'limit=10000')
  return { gateway, lastDate }
}

async function shoot({ gateway, lastDate }: Side, query: string, encoding: string) {
  const path = `${objectsPath}?${query.replace(/added_after=$/, `$&${lastDate}`)}`
  const script = fileURLToPath(new URL('support/load.ts', import.meta.url))
  const args = [script, gateway.url + path, encoding, String(connections), String(seconds)]
  const spentBefore = cpuMs(gateway.pid)
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return ((cpuMs(gateway.pid) - spentBefore) * 1000) / JSON.parse(stdout).answers
}
