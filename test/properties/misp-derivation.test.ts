import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type {
  AttributeBody,
  EventBody,
  ObjectBody,
  ReportBody
} from '../../src/misp/events/wire.ts'
import { createMapping, type Mapping } from '../../src/misp/mapping/mapping.ts'
import { type Tlp, tlps } from '../../src/misp/mapping/model.ts'
import type { Galaxies, GalaxyType } from '../../src/misp/mapping/tags/galaxies.ts'
import { type Change, Changer, changes, patterns, weighted } from '../support/misp-changes.ts'
import { addIndicator, addReport, dayMs, inDays } from '../support/misp-scenes.ts'
import { readServed, type Served, tagsOf } from '../support/misp-served.ts'
import { type MispWorld, newDocuments, startMispWorld } from '../support/misp-world.ts'

/**
 * Facts are stored and results are derived (G16): a store made under settings and a mapping A, run under B, serves what
 * B serves that begins with an empty store, but for tombstones, promised dates, and tags, which are only ever added.
 */

interface Setup {
  readonly defaultTlp: Tlp
  /** True when the operator has galaxies at hand. */
  readonly galaxies: boolean
  /** Another mapping than the product's. */
  readonly isOther: boolean
  /** STIX_REPAIR. */
  readonly repair: boolean
  readonly shardBits: number
  readonly windowDays: number | undefined
  readonly expiredDays: number
}

const names = ['defaultTlp', 'galaxies', 'isOther', 'repair', 'shardBits', 'windowDays'] as const

const setup: fc.Arbitrary<Setup> = fc.record({
  defaultTlp: fc.constantFrom(...tlps),
  galaxies: fc.boolean(),
  isOther: fc.boolean(),
  repair: fc.boolean(),
  shardBits: fc.nat(2),
  windowDays: fc.constantFrom(20, 200, undefined),
  expiredDays: fc.constantFrom(0, 30)
})

const changeOfSetup: fc.Arbitrary<Partial<Setup>> = fc
  .tuple(setup, fc.constantFrom('all', ...names))
  .map(([setup, name]) => (name === 'all' ? setup : { [name]: setup[name] }))

/** The one after the other: mostly with one change, which is then not hidden by another. */
const setups = (count: number): fc.Arbitrary<Setup[]> =>
  fc
    .tuple(setup, fc.array(changeOfSetup, { minLength: count - 1, maxLength: count - 1 }))
    .map(([first, later]) => {
      const all = [first]
      for (const change of later) all.push({ ...all.at(-1)!, ...change })
      return all
    })

type Step = Change | { readonly kind: 'tick'; readonly hours: number } | { readonly kind: 'round' }

interface History {
  /** One after the other, on one store. */
  readonly setups: readonly Setup[]
  /** What happens under each of them. */
  readonly steps: readonly (readonly Step[])[]
}

const steps = fc.array(
  fc.oneof(
    ...changes,
    weighted(3, 'tick', { hours: fc.constantFrom(0.01, 5, 26) }),
    weighted(3, 'round')
  ) as fc.Arbitrary<Step>,
  { maxLength: 20 }
)

const histories: fc.Arbitrary<History> = fc.integer({ min: 2, max: 3 }).chain(count =>
  fc.record({
    setups: setups(count),
    steps: fc.array(steps, { minLength: count, maxLength: count })
  })
)

/** Has what the histories name. */
const galaxies: Galaxies = {
  has: () => false,
  byName: (type: GalaxyType, name) => (type === 'malpedia' ? `win.${name}` : undefined),
  byId: () => undefined,
  digest: 'of a test',
  problems: []
}

/** Other types, names and texts for the same objects, and whatever it never saw in A. */
function otherThan(mapping: Mapping): Mapping {
  return {
    ...mapping,
    fingerprint: `other ${mapping.fingerprint}`,
    *indicator(object, find, indicates) {
      const mapped = yield* mapping.indicator(object, find, indicates)
      const attributes = mapped.attributes.map(attribute =>
        attribute.type === 'url'
          ? { ...attribute, type: 'text', category: 'Other', toIds: false }
          : attribute
      )
      const name = String(object['pattern_type']).toUpperCase()
      return { ...mapped, attributes, name, tags: [...mapped.tags, 'test:other'].sort() }
    },
    report: (object, find) => ({ ...mapping.report(object, find), content: 'another text' })
  }
}

function apply(world: MispWorld, setup: Setup, documents = world.documents): void {
  const { defaultTlp, isOther, repair, shardBits, windowDays, expiredDays } = setup
  const mapping = createMapping({ defaultTlp, galaxies: setup.galaxies ? galaxies : undefined })
  world.restart({
    documents,
    repair,
    mapping: isOther ? otherThan(mapping) : mapping,
    settings: { shardBits, windowDays, expiredMs: expiredDays * dayMs, walkMs: 1 }
  })
}

async function round(world: MispWorld): Promise<void> {
  world.simulator.clock.advance(11_000)
  await world.round()
}

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10)

/** From which day on the feed is held, after a window was set: wider never takes away, narrower never adds. */
function sinceAfter(since: string, before: Setup, { windowDays }: Setup, now: number): string {
  const days = windowDays ?? Number.POSITIVE_INFINITY
  const start = windowDays === undefined ? '' : dayOf(now - windowDays * dayMs)
  const daysBefore = before.windowDays ?? Number.POSITIVE_INFINITY
  if (days === daysBefore) return since
  if (days > daysBefore) return start < since ? start : since
  return start > since ? start : since
}

/** One whose end cannot be read as Sekoia wrote it; others without a level, and of a day that some of the windows leave out. */
function addOld(world: MispWorld): void {
  addIndicator(world, 'damaged', { valid_until: '2026-06-01T00:00:00' })
  for (const days of [-300, -30, 0]) {
    const created = inDays(world, days)
    const old = { created, valid_until: inDays(world, 400) }
    const id = addIndicator(world, `old${days}`, { ...old, object_marking_refs: undefined })
    world.simulator.edit(id, {}, { modified: created })
    const report = addReport(world, [id], { created, name: `Report${days}` })
    world.simulator.edit(report, {}, { modified: created })
  }
}

async function play(world: MispWorld, { setups, steps }: History): Promise<string> {
  const changer = new Changer(world.simulator, patterns)
  addOld(world)
  let since = ''
  for (const [n, setup] of setups.entries()) {
    apply(world, setup)
    const now = world.clock.now() + 11_000
    const before = setups[n - 1] ?? { ...setup, windowDays: undefined }
    since = sinceAfter(since, before, setup, now)
    await round(world)
    changer.seen()
    for (const step of steps[n]!) {
      if (step.kind === 'tick') world.simulator.clock.advance(step.hours * 3_600_000)
      else if (step.kind === 'round') {
        await round(world)
        changer.seen()
      } else changer.make(step)
    }
  }
  await round(world)
  return since
}

type Child = AttributeBody | ObjectBody | ReportBody

/** What stands by itself in a feed, by uuid. */
const childrenOf = ({ events }: Served): Map<string, { child: Child; event: EventBody }> =>
  new Map(
    events.flatMap(event =>
      [
        ...event.Attribute,
        ...event.Object,
        ...event.Object.flatMap(({ Attribute }) => Attribute),
        ...event.EventReport
      ].map(child => [child.uuid, { child, event }] as const)
    )
  )

/** Its content, which timestamps and tags are not part of. */
const contentOf = ({ timestamp, ...child }: Child) => ({
  ...child,
  ...('Tag' in child && { Tag: [] }),
  ...('Attribute' in child && { Attribute: [] })
})

const hasTagsOf = (a: Child | EventBody, b: Child | EventBody): boolean =>
  !('Tag' in a && 'Tag' in b) || tagsOf(b).every(tag => tagsOf(a).includes(tag))

/** True when all that it is made of is past `valid_until`: it stays visible for a while, if it was. */
function isPromised(child: Child, { simulator, clock }: MispWorld): boolean {
  if (!('comment' in child) || ('to_ids' in child && child.to_ids)) return false
  const ids = child.comment.match(/indicator--[\da-f-]{36}/g) ?? []
  const isOver = (id: string) =>
    Date.parse(String(simulator.get(id)?.['valid_until'])) <= clock.now()
  return ids.length > 0 && ids.every(isOver)
}

/** What an event is called; that of a report may have the name and date of its first publication (M5). */
const titleOf = ({ EventReport, info, date }: EventBody): string[] =>
  EventReport.length > 0 ? [info.slice(info.lastIndexOf(' ['))] : [info, date]

/** In what the one differs from what the other, which began with an empty store, says it should be. */
function differences(world: MispWorld, one: Served, fresh: Served): string[] {
  const found = childrenOf(one)
  const wanted = childrenOf(fresh)
  const problems: string[] = []
  for (const [uuid, { child, event }] of wanted) {
    if (child.deleted) continue
    const held = found.get(uuid)
    if (!isDeepStrictEqual(held && contentOf(held.child), contentOf(child)))
      problems.push(`${uuid} is ${JSON.stringify(held?.child)}, not ${JSON.stringify(child)}`)
    else if (held!.event.uuid !== event.uuid) problems.push(`${uuid} is in another event`)
    else if (!isDeepStrictEqual(titleOf(held!.event), titleOf(event)))
      problems.push(`${event.uuid} is called ${held!.event.info}`)
    else if (!hasTagsOf(held!.child, child) || !hasTagsOf(held!.event, event))
      problems.push(`${uuid} lacks a tag`)
  }
  for (const [uuid, { child }] of found) {
    const isWanted = wanted.get(uuid)?.child.deleted === false
    if (!child.deleted && !isWanted && !isPromised(child, world))
      problems.push(`${uuid} is left over: ${JSON.stringify(child)}`)
  }
  return problems
}

async function holds(history: History): Promise<void> {
  const world = await startMispWorld({ simulator: { now: Date.UTC(2026, 0, 15, 12) } })
  try {
    const since = await play(world, history)
    const served = await readServed(world)
    const last = history.setups.at(-1)!
    const windowDays =
      since === '' ? undefined : (Date.parse(dayOf(world.clock.now())) - Date.parse(since)) / dayMs
    apply(world, { ...last, windowDays }, newDocuments())
    await world.round()
    const problems = differences(world, served, await readServed(world))
    if (problems.length > 0) throw new Error(problems.join('\n'))
  } finally {
    await world.close()
  }
}

t.setTimeout(300_000)

t.test('a store made under A, run under B, is that of B from scratch', async t => {
  const property = fc.asyncProperty(histories, holds)
  await t.resolves(fc.assert(property, { seed: 20_260_115, numRuns: 80 }))
})
