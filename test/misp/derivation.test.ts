import t, { type Test } from 'tap'
import { createMapping, type Mapping } from '../../src/misp/mapping/mapping.ts'
import type { RelatedValue } from '../../src/misp/mapping/model.ts'
import type { Galaxies } from '../../src/misp/mapping/tags/galaxies.ts'
import { listOf } from '../../src/stix/object.ts'
import {
  addIndicator,
  addObject,
  addReport,
  dayMs,
  inDays,
  markings,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  relate,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, livesOf, placesOf, type Served, tagsOf } from '../support/misp-served.ts'
import { type MispWorld, usualMapping } from '../support/misp-world.ts'

/** What is stored of a feed is facts; what they become is decided anew whenever code or settings change (G16). */

const galaxies: Galaxies = {
  has: type => type === 'malpedia',
  byName: (type, name) => (type === 'malpedia' ? `win.${name}` : undefined),
  byId: () => undefined,
  digest: 'of a test',
  problems: []
}

const withDefault = (defaultTlp: 'green' | 'red') =>
  createMapping({ defaultTlp, galaxies: undefined })

/** A mapping of another version. */
const other = (members: Partial<Mapping>): Mapping => ({
  ...usualMapping,
  fingerprint: 'other',
  ...members
})

/** Pages of the feed, and objects by id, that Sekoia was asked for since last asked. */
function asked({ simulator }: MispWorld): string[] {
  const paths = simulator.calls.map(({ path, query }) => `${path} ${query['cursor'] ?? 'start'}`)
  simulator.calls.length = 0
  return paths.filter(path => path.includes('/objects'))
}

/** The next publication, under another mapping; Sekoia is asked for the end of the feed only, as ever. */
async function publishAs(t: Test, world: MispWorld, mapping: Mapping): Promise<Served> {
  asked(world)
  await publish(world)
  const usual = asked(world)
  world.restart({ mapping })
  const served = await publish(world)
  t.strictSame(asked(world).length, usual.length, 'nothing is read again from Sekoia')
  return served
}

t.test('another default TLP moves what carries none, and nothing else', async t => {
  const world = await mispWorld(t, { mapping: withDefault('green') })
  const misp = mispOf(world)
  addIndicator(world, 'unmarked', { object_marking_refs: undefined })
  addIndicator(world, 'marked', { object_marking_refs: [markings.clear] })
  addReport(world, [], { object_marking_refs: undefined })
  await publish(world)
  await misp.pull()
  const served = await publishAs(t, world, withDefault('red'))
  t.strictSame(livesOf(served, url('unmarked')), { 'tlp:green': 'deleted', 'tlp:red': 'live' })
  t.strictSame(livesOf(served, url('marked')), { 'tlp:clear': 'live' })
  t.strictSame(await pullAndCompare(world, misp), [])
  const back = await publishAs(t, world, withDefault('green'))
  t.strictSame(livesOf(back, url('unmarked')), { 'tlp:green': 'live', 'tlp:red': 'deleted' })
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('galaxies that come later name what is held already', async t => {
  const world = await mispWorld(t)
  relate(world, addIndicator(world, 'a'), addObject(world, 'malware', { name: 'Example' }))
  const before = attributeOf(await publish(world), url('a'))
  t.strictSame(tagsOf(before), ['sekoia:malware="Example"'])
  const mapping = createMapping({ defaultTlp: 'amber', galaxies })
  const after = attributeOf(await publishAs(t, world, mapping), url('a'))
  t.equal(after.uuid, before.uuid)
  t.ok(tagsOf(after).includes('misp-galaxy:malpedia="win.Example"'))
  const again = createMapping({ defaultTlp: 'amber', galaxies: { ...galaxies, digest: 'newer' } })
  t.not(again.fingerprint, mapping.fingerprint)
})

t.test('a better mapping reaches what is held, and takes back what was made before', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const pattern = "[x-unknown:value = 'x.example.com']"
  const id = addIndicator(world, 'a', { pattern })
  addIndicator(world, 'b')
  const before = await publish(world)
  await misp.pull()
  const [place] = placesOf(before, pattern)
  t.equal(place?.attribute.type, 'stix2-pattern')
  const mapping = other({
    *indicator(object, find, indicates) {
      const mapped = yield* usualMapping.indicator(object, find, indicates)
      if (object.id !== id) return mapped
      const category = 'Network activity'
      const value = { type: 'domain', category, value: 'x.example.com', toIds: true }
      return { ...mapped, attributes: [value], objects: [], fallback: undefined }
    }
  })
  const after = await publishAs(t, world, mapping)
  t.equal(attributeOf(after, pattern).deleted, true)
  t.match(attributeOf(after, 'x.example.com'), { type: 'domain', to_ids: true, deleted: false })
  t.strictSame(attributeOf(after, url('b')), attributeOf(before, url('b')))
  await misp.pull()
  t.ok(misp.liveToIds().has('domain|x.example.com'))
  const next = await publish(world)
  t.strictSame(next.files, after.files, 'and then nothing changes any more')
})

/** Version 4 of the mapping, as far as it matters here: it did not know the integrity level of a process. */
const version4 = other({
  *indicator(object, find, indicates) {
    const pattern = String(object['pattern'])
    const unknown = pattern.replace('integrity_level', 'x_unknown')
    const mapped = yield* usualMapping.indicator({ ...object, pattern: unknown }, find, indicates)
    const restored = (value: RelatedValue) =>
      value.value === unknown ? { ...value, value: pattern } : value
    const objects = mapped.objects.map(({ template, values }) => ({
      template,
      values: values.map(restored)
    }))
    return { ...mapped, objects }
  }
})

t.test(
  'a property that an earlier version of the mapping did not know reaches what is held',
  async t => {
    const world = await mispWorld(t, { mapping: version4 })
    const misp = mispOf(world)
    const pattern =
      "[process:name = 'a.exe' AND process:extensions.'windows-process-ext'.integrity_level = 'high']"
    addIndicator(world, 'a', { pattern })
    const whole = attributeOf(await publish(world), pattern)
    t.match(whole, { type: 'stix2-pattern', deleted: false })
    await misp.pull()
    const after = await publishAs(t, world, usualMapping)
    t.equal(attributeOf(after, pattern).deleted, true)
    t.match(attributeOf(after, 'high'), { object_relation: 'integrity-level', deleted: false })
    t.strictSame(await pullAndCompare(world, misp), [])
  }
)

t.test('names that only the new mapping wants are asked of Sekoia, at once or later', async t => {
  for (const isDown of [false, true]) {
    const world = await mispWorld(t)
    world.simulator.switches.deletedById = 'kept'
    const source = addObject(world, 'threat-actor', { name: 'Example Bear' })
    world.simulator.remove(source)
    addIndicator(world, 'a', { labels: [source] })
    await publish(world)
    const refs: Mapping['refs'] = object => listOf(object, 'labels')
    const mapping = other({
      refs,
      *indicator(object, find, indicates) {
        const mapped = yield* usualMapping.indicator(object, find, indicates)
        const names = refs(object).map(id => `test:${find(id)?.['name']}`)
        return { ...mapped, tags: names }
      }
    })
    if (isDown) world.simulator.faults.rate({ kind: 'status', status: 503, match: '/objects/' })
    world.restart({ mapping })
    const first = attributeOf(await publish(world), url('a'))
    world.simulator.faults.clear()
    const last = isDown ? attributeOf(await publish(world), url('a')) : first
    t.equal(tagsOf(first).includes('test:Example Bear'), !isDown)
    t.ok(tagsOf(last).includes('test:Example Bear'))
  }
})

t.test('how long what ended is shown may change at any time', async t => {
  const world = await mispWorld(t)
  const day = { valid_until: inDays(world, 1) }
  addIndicator(world, 'a', day)
  await publish(world)
  wait(world, 2)
  t.strictSame(livesOf(await publish(world), url('a')), { 'tlp:green': 'expired' })
  world.restart({ settings: { expiredMs: 0 } })
  t.strictSame(livesOf(await publish(world), url('a')), { 'tlp:green': 'deleted' })
  world.restart({ settings: { tombstoneMs: 300 * dayMs } })
  wait(world, 200)
  t.strictSame(livesOf(await publish(world), url('a')), { 'tlp:green': 'deleted' })
  world.restart({ settings: { tombstoneMs: 100 * dayMs } })
  t.strictSame((await publish(world)).events, [])
})

t.test('also of events whose rows are gone', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', { valid_until: inDays(world, 100) })
  await publish(world)
  world.restart({ settings: { shardBits: 1 } })
  const served = await publish(world)
  t.strictSame(served.events.length, 2)
  wait(world, 3)
  world.restart({ settings: { tombstoneMs: dayMs } })
  t.strictSame((await publish(world)).events.length, 1)
})

t.test('a process that dies on the way leaves no event as it was', async t => {
  for (let commits = 0; commits < 6; commits++) {
    const world = await mispWorld(t, {
      mapping: withDefault('green'),
      settings: { commitBytes: 1 }
    })
    for (let n = 0; n < 3; n++)
      addIndicator(world, `${n}`, { created: inDays(world, -n), object_marking_refs: undefined })
    await publish(world)
    world.restart({ mapping: withDefault('red') })
    world.dieAfter(commits)
    await world.round().catch(() => {})
    world.restart()
    const served = await publish(world)
    for (let n = 0; n < 3; n++)
      t.strictSame(livesOf(served, url(`${n}`)), { 'tlp:green': 'deleted', 'tlp:red': 'live' })
  }
})
