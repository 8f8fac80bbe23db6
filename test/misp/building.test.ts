import t from 'tap'
import type { DocumentStore, Meter } from '../../src/kernel/ports.ts'
import type { FeedState } from '../../src/misp/build/state.ts'
import { objectsOf, takeIn } from '../support/misp-intake.ts'
import {
  addIndicator,
  addObject,
  addReport,
  dayMs,
  inDays,
  keysOf,
  markings,
  mispWorld,
  publish,
  relate,
  url,
  urlPattern,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, placesOf, readServed } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** Rounds of building on one store: who builds, what is counted, and what is left behind (MISP-4). */

const stateOf = async ({ documents, space }: MispWorld): Promise<FeedState> =>
  JSON.parse(`${(await documents.get(space, 'state', ['state']))[0]}`)

t.test('while another gateway builds, a round does nothing', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await world.documents.lease(world.space, 'another', 60_000)
  t.equal(await world.round(), false)
  t.equal((await world.fetch('/manifest.json', {})).body.toString(), '{}')
  await world.documents.release(world.space, 'another')
  t.equal(await world.round(), true)
  t.equal(
    await world.documents.lease(world.space, 'another', 60_000),
    true,
    'and gives the lease back'
  )
})

t.test('a round that failed gives the lease back', async t => {
  const world = await mispWorld(t)
  world.simulator.faults.rate({ kind: 'status', status: 503 })
  await t.rejects(world.round())
  t.equal(await world.documents.lease(world.space, 'another', 60_000), true)
})

/** A store in which something happens before the commit of this number, counted from now on. */
function interrupted(behind: DocumentStore, atCommit: number, happen: () => Promise<unknown>) {
  let commits = 0
  const store: DocumentStore = {
    ...behind,
    async commit(space, change) {
      if (++commits === atCommit) await happen()
      return behind.commit(space, change)
    }
  }
  return store
}

t.test('a gateway that was overtaken changes nothing, and goes on from what is there', async t => {
  for (let atCommit = 1; atCommit <= 3; atCommit++) {
    const behind = newDocuments()
    const world = await mispWorld(t, { documents: behind })
    const id = addIndicator(world, 'a')
    await publish(world)
    world.simulator.edit(id, { revoked: true })
    const documents = interrupted(behind, atCommit, async () => {
      const expectedVersion = await behind.version(world.space)
      await behind.commit(world.space, { expectedVersion, puts: [], deletes: [] })
    })
    world.restart({ documents })
    world.simulator.clock.advance(11_000)
    const version = await behind.version(world.space)
    t.equal(await world.round(), false, `at commit ${atCommit}`)
    t.equal(await behind.version(world.space), version + atCommit)
    t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  }
})

t.test('a gateway that lost its lease stops', async t => {
  for (const atLease of [2, 3]) {
    const behind = newDocuments()
    const world = await mispWorld(t, { documents: behind })
    const id = addIndicator(world, 'a')
    const before = await publish(world)
    world.simulator.edit(id, { revoked: true })
    let leases = 0
    const lease: DocumentStore['lease'] = async (space, owner, ms) =>
      ++leases === atLease ? false : behind.lease(space, owner, ms)
    // So much time passes while it builds that it takes the lease anew.
    const get: DocumentStore['get'] = (space, table, keys) => {
      world.simulator.clock.advance(6_000)
      return behind.get(space, table, keys)
    }
    world.restart({ documents: { ...behind, lease, get } })
    world.simulator.clock.advance(11_000)
    t.equal(await world.round(), false)
    t.strictSame(
      (await readServed(world)).files.get('/manifest.json'),
      before.files.get('/manifest.json')
    )
    t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  }
})

t.test('two gateways in turn publish what one would', async t => {
  const one = await mispWorld(t)
  const two = await mispWorld(t)
  for (let times = 0; times < 6; times++) {
    for (const world of [one, two]) {
      addIndicator(world, `${times}`, { created: inDays(world, -(times % 2)) })
      const [first] = world.simulator.visible()
      if (times % 3 === 2) world.simulator.edit(first!.id, { revoked: true })
    }
    t.strictSame(await publish(two, times % 2), await publish(one))
  }
})

t.test('a feed that is empty has an empty manifest and no hashes', async t => {
  const world = await mispWorld(t)
  t.strictSame(await publish(world), {
    files: new Map([['/manifest.json', '{}']]),
    etags: (await readServed(world)).etags,
    manifest: {},
    events: [],
    hashes: []
  })
})

t.test('a first build publishes what is there already', async t => {
  const world = await mispWorld(t, { settings: { partialMs: 0 } })
  for (let n = 0; n < 2100; n++) addIndicator(world, `${n}`)
  const behind = world.documents
  const seen: number[] = []
  const commit = behind.commit.bind(behind)
  behind.commit = async (space, change) => {
    const isDone = await commit(space, change)
    if (change.puts.some(({ table }) => table === 'file'))
      seen.push((await readServed(world)).hashes.length)
    return isDone
  }
  await publish(world)
  t.ok(seen.length > 1 && seen[0]! > 0, `${seen}`)
  t.equal(seen.at(-1), 2100)
})

t.test('what the feed gives that is no indicator is passed over, and counted', async t => {
  const counts = new Map<string, number>()
  const meter: Meter = {
    count(name, labels, by = 1) {
      const key = [name, ...Object.values(labels ?? {})].join(' ')
      counts.set(key, (counts.get(key) ?? 0) + by)
    }
  }
  const world = await mispWorld(t, { meter, settings: { windowDays: 5 } })
  const a = addIndicator(world, 'a')
  addIndicator(world, 'same', { pattern: urlPattern('a') })
  addIndicator(world, 'expired', { valid_from: inDays(world, -2), valid_until: inDays(world, -1) })
  addIndicator(world, 'revoked', { revoked: true })
  addIndicator(world, 'old', { created: inDays(world, -6) })
  addIndicator(world, 'mute', { pattern: undefined })
  addIndicator(world, 'long', { pattern: `[url:value LIKE '${'x'.repeat(70_000)}%']` })
  addIndicator(world, 'like', { pattern: "[url:value LIKE 'http://%']" })
  addObject(world, 'observed-data')
  addObject(world, 'x-example')
  addObject(world, 'x-another')
  addObject(world, 'note', { object_refs: [a] })
  addObject(world, 'relationship', { relationship_type: 'uses', source_ref: a, target_ref: a })
  await publish(world)
  const skipped = [...counts].filter(([name]) => /^misp_(skipped|fallbacks)/.test(name))
  t.strictSame(Object.fromEntries(skipped), {
    'misp_skipped expired': 1,
    'misp_skipped revoked': 1,
    'misp_skipped outside-window': 1,
    'misp_skipped no-pattern': 1,
    'misp_skipped too-long': 1,
    'misp_skipped observed-data': 1,
    'misp_skipped other-type': 2,
    'misp_skipped note': 1,
    'misp_skipped relationship': 1,
    'misp_fallbacks operator': 1
  })
  const { totals } = await stateOf(world)
  t.strictSame(totals, { events: 1, attributes: 2, live: 2, indicators: 3, merged: 1, hashes: 3 })
})

t.test('what is published again and again does not grow the store', async t => {
  const world = await mispWorld(t, { settings: { walkMs: dayMs } })
  const a = addIndicator(world, 'a')
  const file = `[file:hashes.MD5 = '${'1'.repeat(32)}' OR file:hashes.'SHA-1' = '${'2'.repeat(40)}']`
  const b = addIndicator(world, 'b', { pattern: file, object_marking_refs: [markings.red] })
  const never = addIndicator(world, 'c', { revoked: true })
  const report = addReport(world, [a, b, never])
  const second = addReport(world, [a])
  addObject(world, 'note', { object_refs: [report] })
  relate(world, a, addObject(world, 'malware', { name: 'Example RAT' }))
  await publish(world)
  world.simulator.edit(a, { object_marking_refs: [markings.amber] })
  await publish(world)
  for (const id of [report, second]) world.simulator.edit(id, { revoked: true })
  await publish(world)
  wait(world, 41)
  await publish(world)
  t.equal((await keysOf(world, 'event')).length > 0, true)
  wait(world, 181)
  await publish(world)
  await publish(world)
  for (const table of ['bucket', 'dirty', 'event', 'head', 'hash', 'link', 'wanted'])
    t.strictSame(await keysOf(world, table), [], table)
  t.strictSame(await keysOf(world, 'state'), ['state'])
  t.strictSame(await keysOf(world, 'file'), ['manifest'])
  t.strictSame((await readServed(world)).manifest, {})
  const { totals } = await stateOf(world)
  t.strictSame(totals, { events: 0, attributes: 0, live: 0, indicators: 0, merged: 0, hashes: 0 })
})

t.test('versions that are read again, or only now, change nothing', async t => {
  const world = await mispWorld(t)
  const indicator = addIndicator(world, 'a')
  const report = addReport(world, [indicator])
  const note = addObject(world, 'note', { object_refs: [report], abstract: 'A note' })
  const malware = addObject(world, 'malware', { name: 'Example RAT' })
  relate(world, indicator, malware)
  const old = objectsOf(world)
  await publish(world)
  for (const id of [indicator, report, note]) world.simulator.edit(id, { labels: ['edited'] })
  const before = await publish(world)
  await takeIn(world, [old, objectsOf(world), old.toReversed()])
  t.strictSame(await keysOf(world, 'dirty'), [])
  world.restart()
  t.strictSame(await publish(world), before)
})

t.test('the same version may say more when it is read again', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  addReport(world, [])
  await publish(world)
  await takeIn(world, [objectsOf(world).map(object => ({ ...object, name: 'Renamed' }))])
  world.restart()
  const { events } = await publish(world)
  t.match(attributeOf({ events }, url('a')).comment, /^Renamed; /)
  t.match(
    events.flatMap(({ EventReport }) => EventReport),
    [{ name: 'Renamed' }]
  )
})

t.test('a round without news writes down where it is, and nothing else', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await publish(world)
  const version = await world.documents.version(world.space)
  await publish(world)
  t.equal(await world.documents.version(world.space), version + 1)
})

t.test('an event that is no longer listed is gone from the store', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  addIndicator(world, 'stays', { created: inDays(world, -1), valid_until: undefined })
  const { events } = await publish(world)
  wait(world, 41)
  await publish(world)
  wait(world, 181)
  const { manifest } = await publish(world)
  t.equal(Object.keys(manifest).length, events.length - 1)
  for (const table of ['event', 'head', 'hash'])
    t.strictSame(await keysOf(world, table), Object.keys(manifest), table)
  world.restart()
  t.strictSame(placesOf(await publish(world), url('a')), [])
})
