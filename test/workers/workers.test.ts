import { readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { defaultFeed } from '../support/gateway.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { until } from '../support/redis.ts'
import { get, isThere, pidsOf } from '../support/workers.ts'

/** A gateway of several processes, as its clients and its operator see it. */

t.setTimeout(240_000)

const token = 'the-token-of-the-operator'

interface Envelope {
  readonly more?: boolean
  readonly next?: string
  readonly objects?: readonly { readonly id: string }[]
}

/** Ids in the order in which they came; `between` runs after each page. */
async function walk(gateway: GatewayProcess, { key }: Simulator, between = async () => {}) {
  const ids: string[] = []
  let pages = 0
  for (let next: string | undefined = ''; next !== undefined; ) {
    const query: string = `limit=20${next && `&next=${encodeURIComponent(next)}`}`
    const url = `${gateway.url}/sekoia/collections/${defaultFeed}/objects/?${query}`
    const page: Envelope = JSON.parse(await get(url, key))
    pages++
    ids.push(...(page.objects ?? []).map(({ id }) => id))
    next = page.more ? page.next : undefined
    await between()
  }
  return { ids, pages }
}

/** How often the metrics say that pages were answered. */
async function countedPages({ url }: GatewayProcess): Promise<number> {
  const text = await get(`${url}/metrics`, token)
  const counts = [
    ...text.matchAll(/^sekoia_gateway_http_requests_total\{.*objects\/".*\} (\d+)$/gm)
  ]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

async function start(t: Test) {
  const simulator = await startSimulator({ objects: 200, historyDays: 30, bloat: false })
  t.teardown(() => simulator.close())
  const directory = t.testdir()
  const gateway = await startGateway(t, {
    WORKERS: '2',
    SEKOIA_URL: simulator.url,
    DATA_DIR: directory,
    OPERATOR_TOKEN: token
  })
  return { simulator, directory, gateway, pids: await pidsOf(gateway, 2) }
}

t.test('several workers are one gateway', async t => {
  const { simulator, directory, gateway, pids } = await start(t)

  t.equal(pids.size, 2)
  t.strictSame(
    readdirSync(directory).filter(name => name.startsWith('secret')),
    ['secret'],
    'an empty directory gets one secret'
  )

  const first = await walk(gateway, simulator)
  t.equal(new Set(first.ids).size, first.ids.length, 'a walk over both repeats nothing')
  t.equal(first.ids.length, (await walk(gateway, simulator)).ids.length)
  for (const no of [1, 2])
    await gateway.told(
      new RegExp(`"worker":${no},.*"route":"/sekoia/collections/:collection/objects/"`)
    )

  let counted = 2 * first.pages
  for (const worker of ['one', 'the other'])
    t.equal(
      await countedPages(gateway),
      counted,
      `metrics are the sum, whichever is asked: ${worker}`
    )

  const consumers = JSON.parse(await get(`${gateway.url}/gateway/v1/consumers`, token)).consumers
  t.match(consumers, { length: 1, 0: { requests: counted, objects: 2 * first.ids.length } })
  const { feeds } = JSON.parse(await get(`${gateway.url}/gateway/v1/feeds`, token))
  const read = feeds.flatMap(({ logs }: { logs: unknown[] }) => logs)
  t.match(read, { length: 1, 0: { objects: first.ids.length } })

  let isKilled = false
  const second = await walk(gateway, simulator, async () => {
    if (isKilled) return
    isKilled = true
    process.kill(pids.get(1)!, 'SIGKILL')
    await gateway.told(/"no":1,.*"signal":"SIGKILL".*a worker ended/)
  })
  t.strictSame(second.ids, first.ids, 'a walk goes on when a worker dies')
  const replaced = await pidsOf(gateway, 3)
  t.not(replaced.get(1), pids.get(1), 'which is replaced')
  counted += second.pages
  t.ok((await countedPages(gateway)) >= counted - 1, 'what it had counted still counts')

  counted = await countedPages(gateway)
  gateway.signal('SIGHUP')
  const anew = pidsOf(gateway, 5)
  const third = await walk(gateway, simulator)
  t.strictSame(third.ids, first.ids)
  const renewed = await anew
  for (const no of [1, 2]) t.not(renewed.get(no), replaced.get(no), 'all are started anew')
  await until(() => [...replaced.values()].every(pid => !isThere(pid)))
  t.equal(await countedPages(gateway), counted + third.pages, 'nothing is counted less or twice')

  const { code, stdout } = await gateway.stop()
  t.equal(code, 0)
  t.notOk([...renewed.values()].some(isThere), 'they end with it')
  t.equal(stdout.match(/"msg":"the gateway serves"/g)?.length, 1)
  const lines = stdout.trim().split('\n')
  t.doesNotThrow(() => lines.map(line => JSON.parse(line)), 'no line cuts another in two')
})

t.test('where no store can be shared one worker serves alone, and the log says so', async t => {
  const gateway = await startGateway(t, { WORKERS: '2', DATA_DIR: '/proc/no/such/place' })
  await gateway.told(/one worker serves alone, from memory/)
  const reply = JSON.parse(await get(`${gateway.url}/readyz`, token))
  t.equal(reply.status, 'degraded')
  const { code, stdout } = await gateway.stop()
  t.equal(code, 0)
  t.equal(stdout.match(/"msg":"a worker serves"/g)?.length, 1)
  t.equal(stdout.match(/DEMO: no SEKOIA_URL/g)?.length, 1)
})

t.test('a number of workers that is none stops the start by its name', async t => {
  for (const WORKERS of ['0', 'many']) {
    const failure = await startGateway(t, { WORKERS }).catch(error => error)
    t.equal(failure.cause.code, 2)
    t.match(failure.cause.stderr, /^server\.workers \(WORKERS\) must be .* or auto, not .*\n$/)
  }
})

t.test('when the first worker cannot start, the gateway does not start', async t => {
  const simulator = await startSimulator({ objects: 1 })
  t.teardown(() => simulator.close())
  const { port } = new URL(simulator.url)
  const env = { WORKERS: '2', PORT: port, SEKOIA_URL: simulator.url }
  const failure = await startGateway(t, env).catch(error => error)
  t.equal(failure.cause.code, 1)
  t.match(failure.cause.stdout, /"worker":1,.*EADDRINUSE.*the gateway could not start/)
})
