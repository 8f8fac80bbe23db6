import fc from 'fast-check'
import t from 'tap'
import { defaultImportRegexps } from '../support/misp/import-regexps.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { type Change, Changer, changes, weighted } from '../support/misp-changes.ts'
import { dayMs, publish, wait } from '../support/misp-scenes.ts'
import { liveUpstream } from '../support/misp-sync.ts'
import { type MispWorld, startMispWorld } from '../support/misp-world.ts'

/**
 * Whatever pulls were killed, and by a MISP that is ahead of time and rewrites values: once every event was stamped
 * anew it detects what the feed holds, and nothing else (M1, M3, M7).
 */

type Operation = Change | { readonly kind: 'publish' } | { readonly kind: 'pull' } | Killed

interface Killed {
  readonly kind: 'killed'
  readonly writes: number
}

interface History {
  /** How far MISP's clock is ahead, seconds. */
  readonly ahead: number
  readonly rewrites: boolean
  readonly operations: readonly Operation[]
}

const operation = fc.oneof(
  ...changes,
  weighted(5, ['publish', 'pull']),
  weighted(5, 'killed', { writes: fc.nat(12) })
) as fc.Arbitrary<Operation>

const histories: fc.Arbitrary<History> = fc.record({
  ahead: fc.constantFrom(0, 600),
  rewrites: fc.boolean(),
  operations: fc.array(operation, { minLength: 5, maxLength: 30, size: 'max' })
})

const home = (user: string) => `C:\\\\Users\\\\${user}\\\\a.mutex`
const paths = ['bob', 'eve', 'carol'].map(user => `[mutex:name = '${home(user)}']`)
const file = (digit: number) =>
  `[file:hashes.MD5 = '${`${digit}`.repeat(32)}' OR file:hashes.'SHA-1' = '${`${digit}`.repeat(40)}']`
const patterns = [...paths, ...[1, 2, 3, 4, 5].map(file), "[ipv4-addr:value = '192.0.2.1']"]

async function play({ ahead, rewrites, operations }: History): Promise<void> {
  const world = await startMispWorld({
    simulator: { now: Date.UTC(2026, 0, 15, 12) },
    settings: { restampMs: 3 * dayMs, walkMs: 1 }
  })
  try {
    const misp = new MispInstance({
      fetch: world.fetch,
      now: () => Math.floor(world.clock.now() / 1000) + ahead,
      ...(rewrites && { importRegexps: defaultImportRegexps })
    })
    const changer = new Changer(world.simulator, patterns)
    for (const operation of operations) {
      if (operation.kind === 'publish') await publishAll(world, changer)
      else if (operation.kind === 'pull') await misp.pull()
      else if (operation.kind === 'killed') await misp.pullUntilKilled(operation.writes)
      else changer.make(operation)
    }
    for (let days = 0; days < 4; days += 0.5) {
      wait(world, 0.5)
      await publishAll(world, changer)
      await misp.pull()
    }
    const local = new Set(misp.liveToIds().keys())
    const upstream = new Set([...liveUpstream(world.simulator)].map(rewrites ? imported : plain))
    const missing = [...upstream].filter(key => !local.has(key))
    const stale = [...local].filter(key => !upstream.has(key))
    if (missing.length + stale.length > 0)
      throw new Error(`missing: ${missing.join(', ')}; stale: ${stale.join(', ')}`)
  } finally {
    await world.close()
  }
}

async function publishAll(world: MispWorld, changer: Changer): Promise<void> {
  await publish(world)
  changer.seen()
}

const plain = (key: string): string => key

function imported(key: string): string {
  const bar = key.indexOf('|')
  const [type, value] = [key.slice(0, bar), key.slice(bar + 1)]
  return `${type}|${defaultImportRegexps(type, value)}`
}

t.setTimeout(300_000)

t.test('what a MISP in trouble missed is made good', async t => {
  const numRuns = 20
  await fc.assert(fc.asyncProperty(histories, play), { seed: 20_261_128, numRuns })
  t.pass(`${numRuns} histories`)
})
