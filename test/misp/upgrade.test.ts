import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { EventBody } from '../../src/misp/events/wire.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { openSqliteStore } from '../../src/stores/sqlite.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'
import {
  addIndicator,
  dayMs,
  keysOf,
  mispOf,
  mispWorld,
  plain,
  publish,
  pullAndCompare,
  url,
  wait
} from '../support/misp-scenes.ts'
import {
  lifeOf,
  livesOf,
  placesOf,
  readServed,
  type Served,
  tagsOf
} from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** A data directory that an earlier version of the gateway left (see test/fixtures), taken over by this one. */

const fixture = join(import.meta.dirname, '../fixtures/data-dir-7ae0935')
const read = (name: string) => gunzipSync(readFileSync(join(fixture, `${name}.gz`)))

interface Scene {
  readonly now: number
  readonly objects: readonly StixObject[]
  /** What Sekoia knows by id only. */
  readonly unlisted: readonly StixObject[]
  /** What was served, by path. */
  readonly files: Readonly<Record<string, string>>
}

const scene = JSON.parse(read('scene.json').toString()) as Scene
const eventsBefore = Object.entries(scene.files)
  .filter(([path]) => /^.[\da-f-]{36}\.json$/.test(path))
  .map(([, text]) => (JSON.parse(text) as { readonly Event: EventBody }).Event)

interface Options {
  /** False when the feed log was lost. */
  readonly hasLog?: boolean
  /** Names of indicators that Sekoia has no more. */
  readonly without?: readonly string[]
  /** How many more there are, older than all others. */
  readonly older?: number
}

/** The gateway of now on that directory, an hour later; no walk finds what vanished. */
async function takenOver(
  t: Test,
  { hasLog = true, without = [], older = 0 }: Options = {}
): Promise<MispWorld> {
  const dataDir = t.testdir()
  for (const name of ['documents.sqlite', 'feed-log.sqlite'])
    writeFileSync(join(dataDir, name), read(name))
  const clock = { now: () => scene.now }
  const documents = openSqliteDocuments({ dataDir, clock })
  const store = openSqliteStore({ dataDir, bodyMaxBytes: 64 * 1024 * 1024, clock })
  const world = await mispWorld(t, {
    simulator: { now: scene.now + 3_600_000 },
    settings: { walkMs: 365 * dayMs },
    documents,
    ...(hasLog && { store })
  })
  t.teardown(async () => {
    await documents.close()
    await store.close()
  })
  const { simulator } = world
  simulator.switches.deletedById = 'kept'
  const created = '2026-01-01T00:00:00.000Z'
  for (let n = 0; n < older; n++)
    simulator.edit(addIndicator(world, `older${n}`, { created }), {}, { modified: created })
  for (const object of [...scene.unlisted, ...scene.objects]) {
    const { modified, ...members } = object
    if (!without.includes(String(object['name'])))
      simulator.add(
        { ...plain, object_marking_refs: undefined, ...members },
        { modified: String(modified) }
      )
  }
  for (const { id } of scene.unlisted) simulator.remove(id)
  return world
}

/** What MISP knows by a uuid of its own. */
const childrenOf = (events: readonly EventBody[]) =>
  new Map(
    events.flatMap(event =>
      [
        ...event.Attribute,
        ...event.Object,
        ...event.Object.flatMap(({ Attribute }) => Attribute),
        ...event.EventReport
      ].map(child => [child.uuid, { child, event: event.uuid }])
    )
  )

const before = childrenOf(eventsBefore)

/** Nothing that was published is missing, or moved; what was taken back is so since then; and what was live is. */
function isAllThere(t: Test, served: Served): void {
  const after = childrenOf(served.events)
  for (const [uuid, { child, event }] of before) {
    const found = after.get(uuid)
    t.equal(found?.event, event, `${uuid} is there`)
    // Patterns that went out whole are in Objects by now.
    if ('type' in child && child.type === 'stix2-pattern' && !('object_relation' in child)) continue
    if (child.deleted) t.strictSame(found?.child, child, 'a promised date is kept')
    else t.equal(found?.child.deleted, false)
  }
}

const lives = (served: Served, name: string) =>
  placesOf(served, url(name)).map(({ attribute }) => lifeOf(attribute))

t.test('until its rows were read again, all is served as it was', async t => {
  const world = await takenOver(t)
  const { files } = await readServed(world)
  t.strictSame(Object.fromEntries(files), scene.files)
  world.simulator.faults.rate({ kind: 'status', status: 503 })
  await world.round().catch(() => {})
  t.strictSame(Object.fromEntries((await readServed(world)).files), scene.files)
})

t.test('all uuids, tombstones and promised dates are kept, without a walk', async t => {
  const world = await takenOver(t)
  const misp = mispOf(world)
  await misp.pull()
  const served = await publish(world)
  isAllThere(t, served)
  t.strictSame(lives(served, 'expired'), ['expired'])
  for (const name of ['revoked', 'vanished'])
    t.strictSame(lives(served, name), ['deleted', 'deleted'], name)
  t.strictSame(livesOf(served, url('marked')), { 'tlp:red': 'live' })
  t.strictSame(livesOf(served, url('unmarked')), { 'tlp:amber': 'live' })
  t.ok(tagsOf(placesOf(served, url('live'))[0]!.attribute).includes('sekoia:malware="Example RAT"'))
  t.strictSame(await pullAndCompare(world, misp), [])
  wait(world, 28)
  t.strictSame(lives(await publish(world), 'expired'), ['deleted'], 'when it was promised')
})

t.test('what comes afterwards finds it as if nothing had been', async t => {
  const world = await takenOver(t)
  await publish(world)
  const id = scene.objects.find(({ name }) => name === 'Indicator live')!.id
  world.simulator.edit(id, { revoked: true })
  const served = await publish(world)
  t.strictSame(lives(served, 'live').sort(), ['deleted', 'deleted', 'live'], 'its twin is live')
})

t.test('what neither the feed log nor Sekoia has any more is taken back', async t => {
  const world = await takenOver(t, { hasLog: false, without: ['Indicator later'] })
  const served = await publish(world)
  t.strictSame(lives(served, 'later'), ['deleted'])
  t.strictSame(lives(served, 'unmarked'), ['live'])
  for (const name of ['revoked', 'vanished'])
    t.strictSame(lives(served, name), ['deleted', 'deleted'], name)
})

t.test('nothing is published before all is read again', async t => {
  // The page of the feed log that comes first holds none of what is published.
  const world = await takenOver(t, { hasLog: false, older: 2000 })
  world.restart({ settings: { partialMs: 0 } })
  const { documents } = world
  const commit = documents.commit.bind(documents)
  let publications = 0
  documents.commit = async (space, change) => {
    const isDone = await commit(space, change)
    if (change.puts.some(({ table }) => table === 'file')) {
      publications++
      isAllThere(t, await readServed(world))
    }
    return isDone
  }
  await publish(world)
  t.equal(publications, 1)
})

t.test('a process that dies meanwhile leaves what is served, and the next one goes on', async t => {
  for (let commits = 0; commits < 8; commits++) {
    const world = await takenOver(t)
    world.dieAfter(commits)
    const isDead = await world.round().then(
      () => false,
      () => true
    )
    isAllThere(t, await readServed(world))
    world.restart()
    isAllThere(t, await publish(world))
    t.strictSame(await keysOf(world, 'dirty'), [])
    if (!isDead) break
  }
})
