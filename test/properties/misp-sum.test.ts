import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { FeedState } from '../../src/misp/build/state.ts'
import type { Coverage } from '../../src/misp/events/tally.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { type Change, Changer, changes, weighted, which } from '../support/misp-changes.ts'
import { addIndicator, inDays, keysOf } from '../support/misp-scenes.ts'
import { type MispWorld, startMispWorld } from '../support/misp-world.ts'

/**
 * The whole sum (INV-11): after each round every indicator that is live at Sekoia is counted once, as what became of
 * it, whatever happened to the feed, to the gateway and to its settings.
 */

type Operation =
  | Change
  | { readonly kind: 'old'; readonly days: number; readonly ends: number }
  | { readonly kind: 'odd'; readonly which: number }
  | { readonly kind: 'tick'; readonly hours: number }
  | { readonly kind: 'publish'; readonly gateway: number }
  | { readonly kind: 'window'; readonly days: number | undefined }
  | { readonly kind: 'recut'; readonly shardBits: number }
  | { readonly kind: 'copies'; readonly reportCopies: boolean }
  | { readonly kind: 'die'; readonly commits: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'repair' }

const old = weighted(5, 'old', { days: fc.nat(45), ends: fc.constantFrom(0.5, 5, 100) })

const operation = fc.oneof(
  ...changes,
  weighted(4, ['vanish', 'revoke'], which),
  old,
  weighted(1, 'odd', { which: fc.nat(2) }),
  weighted(4, 'tick', { hours: fc.constantFrom(0.01, 13, 26, 300, 1000) }),
  weighted(6, 'publish', { gateway: fc.nat(1) }),
  weighted(4, 'window', { days: fc.constantFrom(10, 30, undefined) }),
  weighted(1, 'recut', { shardBits: fc.nat(1) }),
  weighted(1, 'copies', { reportCopies: fc.boolean() }),
  weighted(1, 'die', { commits: fc.nat(3) }),
  weighted(1, ['restart', 'repair'])
) as fc.Arbitrary<Operation>

interface History {
  readonly windowDays: number | undefined
  readonly commitBytes: number
  /** Without walks nothing vanishes or returns; time alone has to be noticed then. */
  readonly hasWalks: boolean
  /** There from the start. */
  readonly olds: readonly Operation[]
  readonly operations: readonly Operation[]
}

const histories: fc.Arbitrary<History> = fc.record({
  windowDays: fc.constantFrom(undefined, 10, 30),
  commitBytes: fc.constantFrom(1, 1_000_000),
  hasWalks: fc.boolean(),
  olds: fc.array(old.arbitrary as fc.Arbitrary<Operation>, { minLength: 2, maxLength: 6 }),
  operations: fc.array(operation, { minLength: 5, maxLength: 40, size: 'max' })
})

const bounded = (n: number) =>
  `[url:value = 'http://${n}.example.net/'] START t'2026-01-16T00:00:00Z' STOP t'2026-01-20T00:00:00Z'`

/** Beside those of `Changer`: without a pattern, partly a fallback, in bounds of time. */
const oddPatterns = [
  undefined,
  "[url:value = 'http://0.example.net/'] OR [x-odd:value = 'a']",
  bounded(1)
]

async function stateOf({ documents, space }: MispWorld): Promise<FeedState> {
  const [stored] = await documents.get(space, 'state', ['state'])
  return JSON.parse(`${stored}`)
}

/** What becomes of each indicator of the feed, told from the feed alone. */
function expected(world: MispWorld, since: string): Coverage {
  const now = world.clock.now()
  const sum = { live: 0, toIds: 0, context: 0, outsideWindow: 0 }
  const reasons: Record<'fallback' | 'skipped' | 'partly', Record<string, number>> = {
    fallback: {},
    skipped: {},
    partly: {}
  }
  const add = (counts: 'fallback' | 'skipped' | 'partly', reason: string) => {
    reasons[counts][reason] = (reasons[counts][reason] ?? 0) + 1
  }
  for (const { id, type } of world.simulator.visible()) {
    if (type !== 'indicator') continue
    const object = world.simulator.get(id) as StixObject
    const [from, until] = ['valid_from', 'valid_until'].map(name => Date.parse(`${object[name]}`))
    const isOver = until! <= now && !(until! <= from!)
    if (object['revoked'] === true || isOver || `${object['modified']}` < since) continue
    sum.live++
    const { attributes, objects, fallback, bounds } = mapIndicator(object)
    const values = [...attributes, ...objects.flatMap(each => each.values)]
    if (`${object['created']}` < since) sum.outsideWindow++
    else if (bounds && bounds.until <= now) add('skipped', 'pattern-over')
    else if (values.length === 0) add('skipped', fallback!)
    else if (values.some(({ toIds }) => toIds) && (bounds?.from ?? 0) <= now) {
      sum.toIds++
      if (fallback) add('partly', fallback)
    } else if (fallback) add('fallback', fallback)
    else sum.context++
  }
  return { ...sum, ...reasons }
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

async function play({
  windowDays,
  commitBytes,
  hasWalks,
  olds,
  operations
}: History): Promise<void> {
  const world = await startMispWorld({
    simulator: { now: Date.UTC(2026, 0, 15, 12) },
    settings: { windowDays, commitBytes, walkMs: hasWalks ? 1 : 0 }
  })
  const changer = new Changer(world.simulator)
  const odd = ['nan', 'bad-utf8', 'no-id'] as const
  let repair = true
  let isMortal = false

  const publish = async (gateway: number) => {
    world.simulator.clock.advance(11_000)
    try {
      await world.round(gateway)
    } catch (error) {
      if (!isMortal) throw error
      world.restart()
      isMortal = false
      return publish(gateway)
    }
    changer.seen()
    await compare()
  }

  const compare = async () => {
    const { coverage, since } = await stateOf(world)
    const { live, toIds, context, fallback, skipped, outsideWindow } = coverage!
    if (toIds + context + total(fallback) + total(skipped) + outsideWindow !== live)
      throw new Error(`no sum: ${JSON.stringify(coverage)}`)
    const right = expected(world, since)
    if (!isDeepStrictEqual(coverage, right))
      throw new Error(`${JSON.stringify(coverage)} is not ${JSON.stringify(right)}`)
    const buckets = new Set(await keysOf(world, 'bucket'))
    const strays = (await keysOf(world, 'tally')).filter(name => !buckets.has(name))
    if (strays.length > 0) throw new Error(`counts of what is not there: ${strays}`)
  }

  const restart = (change: Parameters<MispWorld['restart']>[0] = {}) => {
    world.restart(change)
    isMortal = false
  }

  const perform = (operation: Operation): Promise<void> | void => {
    switch (operation.kind) {
      case 'old':
        addIndicator(world, `old-${operation.days}`, {
          created: inDays(world, -operation.days),
          pattern:
            oddPatterns[operation.days % 4] ??
            `[url:value = 'http://${operation.days}.example.org/']`,
          valid_until: inDays(world, operation.ends)
        })
        return
      case 'odd':
        world.simulator.odd(odd[operation.which]!)
        return
      case 'tick':
        world.simulator.clock.advance(operation.hours * 3_600_000)
        return
      case 'publish':
        return publish(operation.gateway)
      case 'window':
        return restart({ settings: { windowDays: operation.days } })
      case 'recut':
        return restart({ settings: { shardBits: operation.shardBits } })
      case 'copies':
        return restart({ settings: { reportCopies: operation.reportCopies } })
      case 'die':
        world.dieAfter(operation.commits)
        isMortal = true
        return
      case 'repair':
        repair = !repair
        return restart({ repair })
      case 'restart':
        return restart()
      default:
        if (hasWalks || !/vanish|return/.test(operation.kind)) changer.make(operation)
    }
  }

  try {
    for (const operation of olds) await perform(operation)
    await publish(0)
    for (const operation of operations) await perform(operation)
    await publish(0)
  } finally {
    await world.close()
  }
}

t.setTimeout(300_000)

t.test('every live indicator is counted once, as what became of it', async t => {
  const numRuns = 40
  await fc.assert(fc.asyncProperty(histories, play), { seed: 20_261_128, numRuns })
  t.pass(`${numRuns} histories`)
})
