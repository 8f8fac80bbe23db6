/** What does the gateway add to plain node:http, for polls at the tip and for pages held; and what does a page cost
 * that is not in memory? */
import { compareWithBare } from './support/against-bare.ts'
import { getPage, objectsPath, readCounter, walkTaxii } from './support/clients.ts'
import { cpuMs, startGateway, startUpstream, temporaryDir } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const connections = 16
const seconds = 3
const rounds = 5
const walked = 200_000
const pageSize = 2000

const hits = await compareHits()
const pages = await costOfPages()

publish({
  question: `Answers from memory with ${connections} connections, against a bare node:http server that sends a Buffer of the same size (of the plain body); and pages that are not in memory.`,
  tables: {
    [`Answers from memory: medians of ${rounds} rounds of ${seconds} seconds, gateway and bare server in turn`]:
      hits,
    [`Pages of ${pageSize.toLocaleString('en')} objects one after the other, ${walked.toLocaleString('en')} objects in all`]:
      pages
  },
  notes: [
    'Two ratios, both 1 for a gateway as light as the bare server and smaller for a heavier one: of the rates, and of the CPU that the servers used for an answer. Rates depend on who else uses the machine and on the client, which shares the two cores; CPU does so less.',
    'The client (`support/load.ts`) writes requests to sockets and looks at no more of an answer than its length; it does not unzip.',
    'Keys, rights, log line and counters are all on, as by default; the log goes to /dev/null. The end of the feed was confirmed less than `tipSeconds` ago.',
    'Gateway CPU is all threads of its process, garbage collection and compression included, per page. MB a page are those without a coding.'
  ]
})

async function compareHits(): Promise<Row[]> {
  const upstream = await startUpstream({ objects: 10_000 })
  const gateway = await startGateway({
    upstream,
    dataDir: temporaryDir(),
    env: { FEED_LOG_TIP_SECONDS: '3600' }
  })
  await walkTaxii(gateway.url, { limit: pageSize, parse: false })
  const { lastDate } = await getPage(gateway.url, 'limit=10000')
  const calls = () => readCounter(gateway.url, 'upstream_requests', 'endpoint="page"')
  const before = await calls()
  const rows: Row[] = []
  for (const hit of [
    {
      answer: 'poll, nothing new',
      query: `limit=1000&added_after=${lastDate}`,
      encoding: 'identity'
    },
    { answer: 'page of 100', query: 'limit=100', encoding: 'identity' },
    { answer: 'page of 2,000', query: 'limit=2000', encoding: 'identity' },
    { answer: 'page of 2,000, gzip', query: 'limit=2000', encoding: 'gzip' }
  ]) {
    const { body } = await getPage(gateway.url, hit.query)
    const target = { ...hit, path: `${objectsPath}?${hit.query}`, bytes: body.length }
    rows.push(...(await compareWithBare(gateway, target, { connections, seconds, rounds })))
  }
  const made = (await calls()) - before
  await gateway.stop()
  await upstream.stop()
  return rows.map(row => ({
    ...row,
    'pages asked of Sekoia': row['of bare, rate'] === 1 ? '' : made
  }))
}

/** Each walk goes through more than the cache holds, so that no page of it is in memory. */
async function costOfPages(): Promise<Row[]> {
  const upstream = await startUpstream({ objects: walked })
  const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
  const rows: Row[] = []
  for (const { way, ...asked } of [
    { way: 'miss, from Sekoia' },
    { way: 'out of SQLite' },
    { way: 'out of SQLite, again' },
    { way: 'out of SQLite, gzip for the first time', gzip: true },
    { way: 'out of SQLite, gzip', gzip: true },
    { way: 'out of SQLite, gzip, again', gzip: true },
    { way: 'out of SQLite, gzip, pages of half the size', gzip: true, limit: pageSize / 2 }
  ]) {
    const before = cpuMs(gateway.pid)
    const walk = await walkTaxii(gateway.url, { limit: pageSize, parse: false, ...asked })
    const cpu = cpuMs(gateway.pid) - before
    rows.push({
      way,
      pages: walk.pages,
      'MB a page': round(walk.bytes / walk.pages / 1e6, 2),
      'gateway CPU ms a page': round(cpu / walk.pages, 1)
    })
  }
  await gateway.stop()
  await upstream.stop()
  return rows
}
