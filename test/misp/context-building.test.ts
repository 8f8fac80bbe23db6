import t from 'tap'
import { createMapping } from '../../src/misp/mapping/mapping.ts'
import type { Tlp } from '../../src/misp/mapping/model.ts'
import { failure } from '../support/failure.ts'
import {
  addIndicator,
  addObject,
  addReport,
  keysOf,
  markings,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  relate,
  url
} from '../support/misp-scenes.ts'
import { attributeOf, placesOf, tagsOf, tlpOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Names of what an indicator refers to by id, and levels of TLP, from the feed or asked of Sekoia (MISP-3.2). */

const byId = '/objects/'
const withDefault = (defaultTlp: Tlp) => createMapping({ defaultTlp, galaxies: undefined })
const down = { kind: 'status', status: 503, match: byId } as const
const refused = { kind: 'status', status: 403, match: byId } as const

/** Ids of sources, which no page of a feed holds. */
function sourcesOf({ simulator }: MispWorld): string[] {
  const [id] = simulator.add({
    type: 'indicator',
    pattern: "[domain-name:value = 'x.example.org']"
  })
  return simulator.get(id!)!['x_inthreat_sources_refs'] as string[]
}

const from = (sources: readonly string[]) => ({ x_inthreat_sources_refs: sources })

/** Requests for objects by id since last asked. */
function lookUps({ simulator }: MispWorld): string[] {
  const paths = simulator.calls.map(({ path }) => path).filter(path => path.includes(byId))
  simulator.calls.length = 0
  return paths
}

/** An object that Sekoia knows by id and no page of the feed holds any more. */
function addUnlisted(world: MispWorld, type: string, members: Record<string, unknown>): string {
  world.simulator.switches.deletedById = 'kept'
  const id = addObject(world, type, members)
  world.simulator.remove(id)
  return id
}

const orders = [
  ['malware', 'indicator', 'relationship'],
  ['indicator', 'malware', 'relationship'],
  ['malware', 'relationship', 'indicator']
] as const

for (const order of orders) {
  t.test(`the name of a related thing becomes a tag: ${order.join(', ')}`, async t => {
    for (const isApart of [false, true]) {
      const world = await mispWorld(t)
      const made = {
        malware: '',
        indicator: `indicator--${'1'.repeat(8)}-1111-4111-8111-${'1'.repeat(12)}`
      }
      for (const kind of order) {
        if (kind === 'malware') made.malware = addObject(world, 'malware', { name: 'Example RAT' })
        if (kind === 'indicator') addIndicator(world, 'a', { id: made.indicator })
        if (kind === 'relationship') relate(world, made.indicator, made.malware)
        if (isApart) await publish(world)
      }
      const { Tag } = attributeOf(await publish(world), url('a'))
      t.strictSame(tagsOf({ Tag }), ['sekoia:malware="Example RAT"'], isApart ? 'apart' : 'at once')
    }
  })
}

t.test('a related thing that comes after the relationship is asked for by id', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  relate(world, id, addUnlisted(world, 'malware', { name: 'Example RAT' }))
  t.strictSame(tagsOf(attributeOf(await publish(world), url('a'))), [
    'sekoia:malware="Example RAT"'
  ])
})

t.test('only what an indicator indicates is its context', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  const malware = addObject(world, 'malware', { name: 'Example RAT' })
  const relationship = { source_ref: id, target_ref: malware }
  addObject(world, 'relationship', { ...relationship, relationship_type: 'related-to' })
  const indicates = { ...relationship, relationship_type: 'indicates' }
  addObject(world, 'relationship', { ...indicates, revoked: true })
  addObject(world, 'relationship', { ...indicates, source_ref: malware, target_ref: id })
  t.strictSame(tagsOf(attributeOf(await publish(world), url('a'))), [])
})

t.test('names of sources and threats are asked by id, once', async t => {
  const world = await mispWorld(t)
  const sources = sourcesOf(world)
  const threat = addUnlisted(world, 'threat-actor', { name: 'Example Bear' })
  const id = addIndicator(world, 'a', { ...from(sources), x_ic_related_threat_refs: [threat] })
  lookUps(world)
  const tags = tagsOf(attributeOf(await publish(world), url('a')))
  t.ok(tags.includes('sekoia:threat-actor="Example Bear"'))
  t.equal(
    tags.filter(tag => /^sekoia:source="Source \d+ \(synthetic\)"$/.test(tag)).length,
    sources.length
  )
  t.ok(lookUps(world).length > 0)

  world.restart()
  world.simulator.edit(id, { name: 'Renamed' })
  t.strictSame(tagsOf(attributeOf(await publish(world), url('a'))), tags)
  t.strictSame(lookUps(world), [], 'not after a restart either')
})

t.test(
  'while Sekoia cannot be asked, indicators go out without names, and then with them',
  async t => {
    const world = await mispWorld(t)
    const misp = mispOf(world)
    const sources = sourcesOf(world)
    world.simulator.faults.rate(down)
    const id = addIndicator(world, 'a', from(sources))
    const report = addReport(world, [id])
    const before = await publish(world)
    t.equal(placesOf(before, url('a')).length, 2)
    for (const { attribute } of placesOf(before, url('a'))) t.strictSame(attribute.Tag, [])
    t.strictSame(await pullAndCompare(world, misp), [])
    t.ok((await keysOf(world, 'wanted')).length >= 2 * sources.length)

    world.restart()
    t.strictSame(await publish(world), before, 'it is still down')
    world.simulator.faults.clear()
    const after = await publish(world)
    for (const { attribute } of placesOf(after, url('a'))) {
      t.equal(tagsOf(attribute).length, sources.length)
      t.ok(Number(attribute.timestamp) > Number(placesOf(before, url('a'))[0]!.attribute.timestamp))
    }
    t.strictSame(await pullAndCompare(world, misp), [])
    for (const attribute of misp.attributes().filter(({ value }) => value === url('a')))
      t.equal(attribute.tags.size, sources.length, 'in the MISP too')
    t.strictSame(await keysOf(world, 'wanted'), [])
    t.strictSame(await publish(world), after)
    t.equal(world.simulator.get(report)!.type, 'report')
  }
)

t.test('an id that Sekoia does not know is asked for once', async t => {
  const world = await mispWorld(t)
  const unknown = `identity--${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`
  const id = addIndicator(world, 'a', from([unknown]))
  lookUps(world)
  t.strictSame(tagsOf(attributeOf(await publish(world), url('a'))), [])
  t.ok(lookUps(world).some(path => path.includes(unknown)))
  for (const name of ['b', 'c']) {
    world.simulator.edit(id, { name })
    await publish(world)
    world.restart()
  }
  t.strictSame(
    lookUps(world).filter(path => path.includes(unknown)),
    []
  )
})

t.test('an unknown id does not hide the names of those asked for with it', async t => {
  const world = await mispWorld(t, { simulator: { switches: { unknownIds: 'not-found' } } })
  const unknown = `identity--${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`
  const sources = sourcesOf(world)
  addIndicator(world, 'a', from([unknown, ...sources]))
  t.equal(tagsOf(attributeOf(await publish(world), url('a'))).length, sources.length)
})

t.test('a key without rights to objects by id goes without their names', async t => {
  const world = await mispWorld(t)
  world.simulator.faults.rate(refused)
  const id = addIndicator(world, 'a', from(sourcesOf(world)))
  relate(world, id, addObject(world, 'malware', { name: 'Example RAT' }))
  const served = await publish(world)
  t.strictSame(tagsOf(attributeOf(served, url('a'))), ['sekoia:malware="Example RAT"'])
  lookUps(world)
  world.simulator.edit(id, { labels: ['edited'] })
  await publish(world)
  t.strictSame(lookUps(world), [], 'and is not asked for them again')

  world.simulator.faults.clear()
  world.restart()
  world.simulator.edit(id, { labels: ['again'] })
  const tags = tagsOf(attributeOf(await publish(world), url('a')))
  t.ok(
    tags.some(tag => tag.startsWith('sekoia:source=')),
    'before the gateway is started anew'
  )
})

t.test('a key that Sekoia does not know any more ends the round', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'before')
  const before = await publish(world)
  world.simulator.faults.rate({ kind: 'status', status: 401, match: byId })
  addIndicator(world, 'a', from(sourcesOf(world)))
  world.simulator.clock.advance(11_000)
  await t.rejects(world.round(), failure('unauthorized'))
  world.simulator.faults.clear()
  t.not(await publish(world), before)
})

t.test('an unknown level of TLP', async t => {
  const red = {
    definition_type: 'statement',
    definition: { statement: 'TLP:RED' },
    name: undefined
  }

  t.test('is asked for by id', async t => {
    const world = await mispWorld(t)
    const marking = addUnlisted(world, 'marking-definition', red)
    addIndicator(world, 'a', { object_marking_refs: [marking] })
    const [place] = placesOf(await publish(world), url('a'))
    t.equal(tlpOf(place!.event), 'tlp:red')
  })

  t.test('is not guessed while Sekoia cannot be asked: nothing goes out too openly', async t => {
    const world = await mispWorld(t, { mapping: withDefault('clear') })
    addIndicator(world, 'before')
    const before = await publish(world)
    const marking = addUnlisted(world, 'marking-definition', red)
    addIndicator(world, 'a', { object_marking_refs: [marking] })
    addIndicator(world, 'b', { object_marking_refs: [markings.green, marking] })
    world.simulator.faults.rate(down)
    world.simulator.clock.advance(11_000)
    await t.rejects(world.round(), failure('unavailable'))
    t.strictSame(
      (await world.fetch('/manifest.json', {})).body.toString(),
      before.files.get('/manifest.json')
    )
    await t.rejects(world.round(), failure('unavailable'))

    world.simulator.faults.clear()
    const after = await publish(world)
    for (const name of ['a', 'b']) {
      const places = placesOf(after, url(name))
      t.strictSame(
        places.map(({ event }) => tlpOf(event)),
        ['tlp:red'],
        name
      )
    }
  })

  t.test('does not matter where the level is well known by its id', async t => {
    const world = await mispWorld(t)
    world.simulator.faults.rate(down)
    addIndicator(world, 'a', { object_marking_refs: [markings.red] })
    const [place] = placesOf(await publish(world), url('a'))
    t.equal(tlpOf(place!.event), 'tlp:red')
  })

  t.test('that Sekoia does not know either is the configured one', async t => {
    const world = await mispWorld(t, { mapping: withDefault('amber+strict') })
    const unknown = `marking-definition--${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`
    addIndicator(world, 'a', { object_marking_refs: [unknown] })
    addIndicator(world, 'b', { object_marking_refs: undefined })
    const served = await publish(world)
    for (const name of ['a', 'b'])
      t.equal(tlpOf(placesOf(served, url(name))[0]!.event), 'tlp:amber+strict')
  })
})

t.test('the most closed of several levels counts', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', { object_marking_refs: [markings.green, markings.red, markings.clear] })
  t.equal(tlpOf(placesOf(await publish(world), url('a'))[0]!.event), 'tlp:red')
})
