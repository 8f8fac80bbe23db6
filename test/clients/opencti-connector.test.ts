import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { toInstant, toNaturalMillis } from '../../src/stix/timestamp.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, scriptCommand } from '../support/python.ts'

/** OpenCTI's connector for TAXII 2, which sends tokens of other collections and of earlier runs (CLIENT-2.3). */

/** What each collection gave, as `id version`. */
type Run = Record<string, string[]>

const pageSize = 50

t.setTimeout(pythonTimeoutMs)
preparePython()

t.test('stale and foreign tokens lose nothing, over several runs and collections', async t => {
  const simulator = await startSimulator({
    objects: 800,
    historyDays: 4,
    feeds: [
      { title: 'Indicators', types: ['indicator'], sort_order: 'asc' },
      { title: 'Relationships', types: ['relationship'], sort_order: 'asc' }
    ]
  })
  t.teardown(() => simulator.close())
  const run = await startConnector(t, simulator)
  const history = startTime(simulator)
  const ledger = new Ledger(simulator, history)

  let addedAfter = history
  for (const additions of [0, 60, 130, 5]) {
    simulator.add(additions)
    const wanted = ledger.wanted()
    for (let runs = 0; runs < 60 && (runs === 0 || ledger.missing(wanted).length > 0); runs += 1) {
      await delay(50)
      const startedAt = Date.now()
      ledger.take(await run(new Date(addedAfter).toISOString()), addedAfter)
      addedAfter = wholeSecond(startedAt)
    }
    t.strictSame(ledger.missing(wanted), [], `${wanted.length} objects, ${additions} of them new`)
  }
  t.strictSame(ledger.foreign(), [], 'nothing foreign')
  t.strictSame(ledger.repeats, [], 'nothing from before `added_after`')
  t.equal(ledger.doubled, 0, 'nothing twice in a run')
})

/** The connector keeps its last run in whole seconds. */
const wholeSecond = (millis: number): number => Math.floor(millis / 1000) * 1000

/** A moment early in the history at which no object is dated, in ms. */
function startTime(simulator: Simulator): number {
  const dates = simulator.visible().map(({ modified }) => toNaturalMillis(modified)!)
  const after = dates.findIndex((date, n) => n > 100 && date > dates[n - 1]! + 2)
  return dates[after]! - 1
}

/** What came, when it came first, and what should have come. */
class Ledger {
  /** What came again although the run's `added_after` was later than its first coming. */
  readonly repeats: string[] = []
  /** Runs in which something came twice. */
  doubled = 0
  readonly #simulator: Simulator
  readonly #from: number
  readonly #seen = new Map<string, number>()

  constructor(simulator: Simulator, from: number) {
    this.#simulator = simulator
    this.#from = from
  }

  /** Everything since the start of the first run, as `collection id version`. */
  wanted(): string[] {
    return [...this.#simulator.feeds.keys()].flatMap(feed =>
      this.#simulator
        .visible(feed)
        .filter(({ modified }) => toNaturalMillis(modified)! > this.#from)
        .map(({ id, modified }) => keyOf(feed, `${id} ${modified}`))
    )
  }

  missing(wanted: readonly string[]): string[] {
    return wanted.filter(key => !this.#seen.has(key))
  }

  foreign(): string[] {
    const wanted = new Set(this.wanted())
    return [...this.#seen.keys()].filter(key => !wanted.has(key))
  }

  /** A run's answer. */
  take(run: Run, addedAfter: number): void {
    const keys = Object.entries(run).flatMap(([feed, list]) => list.map(each => keyOf(feed, each)))
    for (const key of keys) {
      const since = this.#seen.get(key)
      if (since !== undefined && since < addedAfter) this.repeats.push(key)
    }
    if (new Set(keys).size < keys.length) this.doubled += 1
    const now = Date.now()
    for (const key of keys) if (!this.#seen.has(key)) this.#seen.set(key, now)
  }
}

function keyOf(feed: string, object: string): string {
  const [id, version = ''] = object.split(' ')
  return `${feed} ${id} ${toInstant(version)}`
}

async function startConnector(t: Test, { url, key }: Simulator) {
  const env = { SEKOIA_URL: url, FEED_LOG_TIP_SECONDS: '1' }
  const { discovery } = await startGateway(t, env)
  const [command, args] = scriptCommand('connector.py', [discovery, key, String(pageSize)])
  const child = spawn(command, args, { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async (addedAfter: string): Promise<Run> => {
    child.stdin.write(`${addedAfter}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('the connector ended')
    return JSON.parse(value)
  }
}
