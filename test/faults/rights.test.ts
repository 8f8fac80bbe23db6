import t from 'tap'
import type { KeyState } from '../../src/demo/access.ts'
import type { World } from '../support/gateway.ts'
import { keysOf, read, stepOf, truth, walk } from '../support/walks.ts'
import { worldOf } from '../support/worlds.ts'

/** What one key fetched is never shown to another, and a refused key loses access (G5, G6). */

const other = 'another-key'
const rightsMs = 300_000

/** Keys with which pages were asked for, oldest first, since the last question. */
function askers({ simulator }: World): (string | undefined)[] {
  const keys = simulator.calls.flatMap(({ path, key }) => (path.endsWith('/objects') ? [key] : []))
  simulator.calls.length = 0
  return keys
}

const refusals: readonly (readonly [string, Partial<KeyState>, number])[] = [
  ['revoked', { status: 'revoked' }, 401],
  ['expired', { status: 'expired' }, 401],
  ['stripped of its permission', { permissions: [] }, 403]
]

for (const [what, state, status] of refusals) {
  t.test(
    `a key ${what} from the beginning: ${status}, though another key’s log holds the feed (G5)`,
    async t => {
      const world = await worldOf(t)
      await read(world)
      world.simulator.putKey(other, state)
      for (const path of ['objects/', 'manifest/', 'objects/?limit=1'])
        t.equal((await world.get(path, other)).status, status, path)
      t.same((await read(world)).keys, truth(world), 'and the other key reads on')
    }
  )

  t.test(
    `a key ${what} midway: what is held is shown no longer than \`rightsSeconds\` (G6)`,
    async t => {
      const world = await worldOf(t, { logs: { pageLimit: 10 } })
      const pages = await walk(world, { limit: 10 })
      const { id } = world.simulator.visible()[0]!
      world.simulator.putKey(world.simulator.key, state)
      world.simulator.clock.advance(rightsMs)
      const paths = [
        'objects/?limit=10',
        `objects/?limit=10&next=${pages[2]!.next}`,
        'manifest/',
        `objects/?match[id]=${id}`,
        `objects/${id}/`,
        `objects/${id}/versions/`,
        `objects/?added_after=${pages.at(-1)!.lastDate}`
      ]
      for (const path of paths) t.equal((await world.get(path)).status, status, path)
    }
  )

  t.test(`a key ${what} midway: the first question to Sekoia ends access at once (G6)`, async t => {
    const world = await worldOf(t)
    const { lastDate } = await read(world)
    world.simulator.putKey(world.simulator.key, state)
    world.simulator.clock.advance(11_000)
    t.equal((await world.get(`objects/?added_after=${lastDate}`)).status, status)
    t.equal((await world.get('objects/')).status, status, 'also for what is held')
  })

  t.test(`a key ${what} and then accepted again gets its data back, nothing lost`, async t => {
    const world = await worldOf(t)
    const { lastDate } = await read(world)
    const { key } = world.simulator
    world.simulator.putKey(key, state)
    world.simulator.clock.advance(rightsMs)
    t.equal((await world.get('objects/')).status, status)
    world.simulator.add(3)
    world.simulator.putKey(key, { status: 'ok', permissions: ['viewIntelligence', 'viewFeeds'] })
    world.simulator.clock.advance(11_000)
    t.same((await read(world, { added_after: lastDate })).keys, truth(world).slice(-3))
    world.simulator.clock.advance(11_000)
    t.same((await read(world)).keys, truth(world))
  })

  t.test(`a key ${what} while a walk of another key goes on does not disturb it (G5)`, async t => {
    const world = await worldOf(t, { logs: { pageLimit: 7 } })
    world.simulator.putKey(other)
    await read(world, { limit: 7 })
    t.equal((await world.get('objects/?limit=7', other)).status, 200)
    const pages = await walk(
      world,
      { limit: 7 },
      {
        between: async () => {
          world.simulator.putKey(other, state)
          world.simulator.clock.advance(60_000)
          await world.get('objects/?limit=7', other)
        }
      }
    )
    t.same(keysOf(pages), truth(world))
    t.equal((await world.get('objects/?limit=7', other)).status, status)
  })
}

t.test('every page that a key is shown was asked for with that key (G5)', async t => {
  const world = await worldOf(t, { logs: { pageLimit: 20 } })
  world.simulator.putKey(other)
  await walk(world, { limit: 20 })
  const mine = askers(world)
  t.same(new Set(mine), new Set([world.simulator.key]))
  const first = stepOf(await world.get('objects/?limit=60', other))
  t.same(first.keys, truth(world))
  const theirs = askers(world)
  t.same(new Set(theirs), new Set([other]))
  t.equal(theirs.length, mine.length)
})

t.test('a token of one key shows another key nothing but its own data (G5, P-29)', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const world = await worldOf(t, { simulator: { feeds: [{ id, sort_order: 'asc' }] } })
  world.simulator.putKey(other, { feeds: [] })
  const path = `/sekoia/collections/${id}/objects/?limit=10`
  const { next } = stepOf(await world.fetch(path))
  const { status, text } = await world.fetch(`${path}&next=${next}`, other)
  t.equal(status, 404)
  t.notMatch(text, 'indicator--')
})

t.test('a feed of which a key lost the right alone: the others stay (G6)', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const world = await worldOf(t, { simulator: { feeds: [{ id, sort_order: 'asc' }] } })
  const path = `/sekoia/collections/${id}/objects/`
  stepOf(await world.fetch(path))
  await read(world)
  world.simulator.putKey(world.simulator.key, { feeds: [] })
  world.simulator.clock.advance(rightsMs)
  t.equal((await world.fetch(path)).status, 404)
  t.same((await read(world)).keys, truth(world))
})

t.test(
  'while Sekoia cannot be asked, a key that it accepted keeps access; one that it never saw gets none (G7)',
  async t => {
    const world = await worldOf(t)
    await read(world)
    world.simulator.putKey(other)
    await world.simulator.refuse()
    world.simulator.clock.advance(10 * rightsMs)
    t.same((await read(world)).keys, truth(world))
    const { status, text } = await world.get('objects/', other)
    t.equal(status, 503)
    t.notMatch(text, 'indicator--')
    await world.restart()
    t.same((await read(world)).keys, truth(world), 'also after a restart')
  }
)

t.test('no credentials, or none of a usable form: 401 with a challenge', async t => {
  const world = await worldOf(t)
  for (const key of ['', ' ', 'key with blanks'])
    t.equal((await world.get('objects/', key)).status, 401)
  const { headers } = await world.get('objects/', '')
  t.match(headers['www-authenticate'], /Basic.*Bearer/)
})

t.test('a key that Sekoia does not know is refused everywhere, discovery included', async t => {
  const world = await worldOf(t)
  for (const path of ['/taxii2/', '/sekoia/', '/sekoia/collections/'])
    t.equal((await world.fetch(path, 'made-up')).status, 401, path)
})

for (const [what, state, status] of refusals)
  t.test(
    `a key ${what} stays refused while Sekoia cannot be asked again, after a restart too (G6)`,
    async t => {
      const world = await worldOf(t)
      const { key } = world.simulator
      await read(world)
      world.simulator.putKey(key, state)
      world.simulator.clock.advance(rightsMs)
      t.equal((await world.get('objects/')).status, status)
      world.simulator.faults.rate({ kind: 'status', status: 503 })
      world.simulator.clock.advance(60_000)
      t.equal((await world.get('objects/')).status, status, 'no answer of Sekoia is not a yes')
      await world.restart()
      t.equal((await world.get('objects/')).status, status, 'nor is a restart')
      world.simulator.faults.clear()
      world.simulator.putKey(key, { status: 'ok', permissions: ['viewIntelligence', 'viewFeeds'] })
      world.simulator.clock.advance(11_000)
      t.same((await read(world)).keys, truth(world))
      world.simulator.faults.rate({ kind: 'status', status: 503 })
      await world.restart()
      t.same((await read(world)).keys, truth(world), 'the yes counts again')
    }
  )

t.test('a key that Sekoia does not know any more loses all its feeds at once (G6)', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const world = await worldOf(t, { simulator: { feeds: [{ id, sort_order: 'asc' }] } })
  const second = `/sekoia/collections/${id}/objects/`
  await read(world)
  world.simulator.clock.advance(11_000)
  t.equal((await world.fetch(second)).status, 200)
  world.simulator.putKey(world.simulator.key, { status: 'revoked' })
  t.equal((await world.get('objects/')).status, 401)
  t.equal((await world.fetch(second)).status, 401, 'also the feed whose yes is recent')
  t.equal((await world.fetch('/sekoia/')).status, 401)
})
