import t from 'tap'
import type { FeedDescription } from '../../src/demo/feeds.ts'
import type { World } from '../support/gateway.ts'
import { worldOf } from '../support/worlds.ts'

/** Feeds that cannot be followed from oldest to newest (U-1), and feeds that are not there. */

const blind = 'key-without-view-feeds'

/** A world with one more feed, and a key that may read feeds but not their descriptions. */
async function worldWith(t: Parameters<typeof worldOf>[0], feed: Partial<FeedDescription>) {
  const world = await worldOf(t)
  world.simulator.putKey(blind, { permissions: ['viewIntelligence'] })
  return { world, id: world.simulator.putFeed({ title: 'Mine', ...feed }) }
}

const objects = (world: World, id: string, key?: string) =>
  world.fetch(`/sekoia/collections/${id}/objects/`, key)

const cases = [
  ['newest first', { sort_order: 'desc' }, /oldest first/],
  ['in text format', { sort_order: 'asc', format: 'text' }, /JSON/],
  ['in CSV format', { sort_order: 'asc', format: 'csv' }, /JSON/]
] as const

for (const [how, feed, advice] of cases) {
  t.test(`a feed ${how}: 409 with what to change, on objects and manifest`, async t => {
    const { world, id } = await worldWith(t, feed)
    for (const endpoint of ['objects', 'manifest']) {
      const { status, body } = await world.fetch(`/sekoia/collections/${id}/${endpoint}/`)
      t.equal(status, 409)
      t.equal(body.error_code, 'unwalkable')
      t.match(body.description, advice)
    }
  })

  t.test(`a feed ${how}: its collection’s description says so, once`, async t => {
    const { world, id } = await worldWith(t, { ...feed, description: 'All of ours' })
    const { body } = await world.fetch('/sekoia/collections/')
    const listed = body.collections.find((collection: { id: string }) => collection.id === id)
    const { body: alone } = await world.fetch(`/sekoia/collections/${id}/`)
    for (const { description } of [listed, alone]) {
      t.match(description, /^All of ours/)
      t.match(description, advice)
      t.equal(description.split('cannot be followed').length, 2)
    }
  })

  t.test(
    `a feed ${how}, of which the key may not read the description: 409 all the same`,
    async t => {
      const { world, id } = await worldWith(t, feed)
      const { status, body } = await objects(world, id, blind)
      t.equal(status, 409)
      t.match(body.description, advice)
    }
  )
}

t.test('a feed that was changed to oldest first is served within the listing’s age', async t => {
  const { world, id } = await worldWith(t, { sort_order: 'desc' })
  t.equal((await objects(world, id)).status, 409)
  t.equal((await objects(world, id, blind)).status, 409)
  world.simulator.putFeed({ id, sort_order: 'asc' })
  world.simulator.clock.advance(121_000)
  t.equal((await objects(world, id, blind)).body.objects.length, 60)
  await objects(world, id)
  world.simulator.clock.advance(1000)
  t.equal((await objects(world, id)).body.objects.length, 60)
})

t.test(
  'a feed that was changed to newest first while it was followed: no page is skipped, the held part is served',
  async t => {
    const { world, id } = await worldWith(t, { sort_order: 'asc' })
    t.equal((await objects(world, id, blind)).body.objects.length, 60)
    world.simulator.putFeed({ id, sort_order: 'desc' })
    const { body } = await objects(world, id, blind)
    t.equal(body.objects.length, 60)
  }
)

t.test('a feed that Sekoia does not know is 404, as is an id of no known form', async t => {
  const world = await worldOf(t)
  for (const id of ['2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a', 'nonsense', '..%2f..']) {
    const { status, body } = await objects(world, id)
    t.equal(status, 404, id)
    t.equal(body.error_code, 'not-found')
  }
})

for (const foreignFeed of [404, 403] as const)
  t.test(
    `a feed of another community, to which Sekoia answers ${foreignFeed}, is ${foreignFeed}`,
    async t => {
      const { world, id } = await worldWith(t, { sort_order: 'asc' })
      world.simulator.switches.foreignFeed = foreignFeed
      world.simulator.putKey('stranger', { feeds: [] })
      t.equal((await objects(world, id)).status, 200)
      t.equal((await objects(world, id, 'stranger')).status, foreignFeed)
      t.equal((await world.get('objects/', 'stranger')).status, 200, 'the default feed is for all')
    }
  )
