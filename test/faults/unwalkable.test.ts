import t from 'tap'
import type { FeedDescription } from '../../src/demo/feeds/feeds.ts'
import { defaultFeed, type World } from '../support/gateway.ts'
import { worldOf } from '../support/worlds.ts'

/** Feeds of other formats, and feeds that are not there (G12). */

const blind = 'key-without-view-feeds'

/** A world with one more feed, and a key that may read feeds but not their descriptions. */
async function worldWith(t: Parameters<typeof worldOf>[0], feed: Partial<FeedDescription>) {
  const world = await worldOf(t)
  world.simulator.putKey(blind, { permissions: ['viewIntelligence'] })
  const members = { title: 'Mine', sort_order: 'asc', ...feed } as const
  return { world, id: world.simulator.putFeed(members) }
}

const objects = (world: World, id: string, key?: string) =>
  world.fetch(`/sekoia/collections/${id}/objects/`, key)

const listed = async (world: World, key?: string): Promise<string[]> =>
  (await world.fetch('/sekoia/collections/', key)).body.collections.map(
    ({ id }: { id: string }) => id
  )

for (const format of ['text', 'csv'] as const) {
  t.test(`a feed in the format ${format} is listed and read: it is asked for JSON`, async t => {
    const { world, id } = await worldWith(t, { format })
    t.ok((await listed(world)).includes(id))
    for (const key of [undefined, blind])
      t.equal((await objects(world, id, key)).body.objects.length, 60)
  })

  t.test(`a feed that comes as ${format} all the same: 409 with what to change`, async t => {
    const { world, id } = await worldWith(t, { format })
    world.simulator.switches.formatParameter = 'ignored'
    for (const key of [undefined, blind]) {
      for (const endpoint of ['objects', 'manifest']) {
        const { status, body } = await world.fetch(`/sekoia/collections/${id}/${endpoint}/`, key)
        t.equal(status, 409)
        t.equal(body.error_code, 'unwalkable')
        t.match(body.description, /JSON/)
      }
    }
  })

  t.test(`a feed that comes as ${format} is not listed, and says why by its id`, async t => {
    const { world, id } = await worldWith(t, { format, description: 'All of ours' })
    world.simulator.switches.formatParameter = 'ignored'
    t.notOk((await listed(world)).includes(id))
    const { body } = await world.fetch(`/sekoia/collections/${id}/`)
    t.equal(body.can_read, false)
    t.match(body.description, /^All of ours .*JSON/)
  })
}

t.test('a feed that was changed to JSON is read at once', async t => {
  const { world, id } = await worldWith(t, { format: 'text' })
  world.simulator.switches.formatParameter = 'ignored'
  t.equal((await objects(world, id)).status, 409)
  world.simulator.putFeed({ id, format: 'json' })
  t.equal((await objects(world, id)).body.objects.length, 60)
})

t.test('G12: the default feed is not listed for a key that may not read it', async t => {
  const world = await worldOf(t)
  world.simulator.putKey('lister', { permissions: ['viewFeeds'] })
  t.same(await listed(world, 'lister'), [])
  const { body } = await world.fetch(`/sekoia/collections/${defaultFeed}/`, 'lister')
  t.equal(body.can_read, false)
  t.match(body.description, /permission/)
})

t.test('a collection id that is no feed is 404 everywhere, writes included', async t => {
  const world = await worldOf(t)
  const path = '/sekoia/collections/2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a/'
  const object = 'indicator--2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  for (const [method, rest] of [
    ['GET', ''],
    ['GET', 'objects/'],
    ['GET', 'manifest/'],
    ['GET', 'objects/?match[type]=%21'],
    ['GET', 'objects/?match[id]=none'],
    ['GET', `objects/${object}/`],
    ['GET', `objects/${object}/versions/`],
    ['POST', 'objects/'],
    ['DELETE', `objects/${object}/`]
  ] as const)
    t.equal((await world.send(method, path + rest)).status, 404, `${method} ${rest}`)
  const own = `/sekoia/collections/${defaultFeed}/objects/`
  t.equal((await world.send('POST', own)).status, 403)
})

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
