import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { LogStore } from '../../src/kernel/ports.ts'
import { buildGateway } from '../support/app.ts'
import { datesOf, keysOf, read, truth, walk } from '../support/walks.ts'
import { crowdOf, missing, pageCalls, readAll, storeWith, worldOf } from '../support/worlds.ts'

/** A store in trouble is not the client’s trouble (G7). */

type Operation = 'load' | 'commit' | 'readBody' | 'writeBody'

/** A memory store of which some operations can be made to reject. */
function brittleStore() {
  const store = storeWith()
  const broken = new Set<Operation>()
  const guard = (operation: Operation) => {
    if (broken.has(operation)) throw new Error(`${operation} is broken`)
  }
  const brittle: LogStore = {
    ...store,
    async load(log) {
      guard('load')
      return store.load(log)
    },
    async commit(log, commit) {
      guard('commit')
      return store.commit(log, commit)
    },
    async readBody(log, no) {
      guard('readBody')
      return store.readBody(log, no)
    },
    async writeBody(log, no, body) {
      guard('writeBody')
      return store.writeBody(log, no, body)
    }
  }
  return { store: brittle, broken }
}

const operations: readonly (readonly Operation[])[] = [
  ['load'],
  ['commit'],
  ['readBody'],
  ['writeBody'],
  ['load', 'commit', 'readBody', 'writeBody']
]

for (const failing of operations) {
  t.test(`${failing.join(', ')} rejects from the beginning: clients notice nothing`, async t => {
    const { store, broken } = brittleStore()
    for (const operation of failing) broken.add(operation)
    const world = await worldOf(t, { store, logs: { pageLimit: 10, cacheMaxBytes: 1 } })
    const pages = await walk(world, { limit: 10 })
    t.same(keysOf(pages), truth(world))
    const added = world.simulator.add(3)
    world.simulator.clock.advance(11_000)
    t.same((await read(world, { added_after: pages.at(-1)!.lastDate })).ids, added)
  })

  t.test(
    `${failing.join(', ')} rejects for a while: no client loses anything, dates stay, also after a restart`,
    async t => {
      const { store, broken } = brittleStore()
      const world = await worldOf(t, { store, logs: { pageLimit: 10 } })
      const clients = crowdOf(world)
      await readAll(clients)
      const round = async (change: () => unknown) => {
        change()
        world.simulator.clock.advance(11_000)
        await readAll(clients)
        world.simulator.clock.advance(11_000)
        await readAll(clients)
      }
      await round(() => world.simulator.add(3))
      for (const operation of failing) broken.add(operation)
      await round(() => world.simulator.edit(world.simulator.visible()[3]!.id))
      await round(() => world.simulator.add(2, { hiddenForMs: 5000 }))
      broken.clear()
      await round(() => world.simulator.add(2))
      const before = await walk(world, { limit: 10 }, { endpoint: 'manifest' })
      t.same(keysOf(before), truth(world))
      await world.restart()
      const after = await walk(world, { limit: 10 }, { endpoint: 'manifest' })
      t.same(keysOf(after), keysOf(before))
      t.same(datesOf(after), datesOf(before))
      await round(() => world.simulator.add(2))
      t.same(missing(world, clients), {})
    }
  )
}

t.test('what could not be written is written by the next commit that succeeds', async t => {
  const { store, broken } = brittleStore()
  const world = await worldOf(t, { store, logs: { pageLimit: 10 } })
  broken.add('commit')
  await walk(world, { limit: 10 })
  broken.clear()
  world.simulator.clock.advance(11_000)
  await walk(world, { limit: 10 })
  await world.restart()
  pageCalls(world)
  await walk(world, { limit: 10 })
  t.ok(pageCalls(world) > 0, 'bodies are read again, since they were not kept')
  await world.restart()
  await walk(world, { limit: 10 })
  pageCalls(world)
  await walk(world, { limit: 10 })
  t.equal(pageCalls(world), 0)
})

t.test('bodies that were damaged in the store are read again from Sekoia', async t => {
  const { store } = brittleStore()
  const damaged = { ...store, readBody: async () => Buffer.from('not a body') }
  const world = await worldOf(t, { store: damaged, logs: { pageLimit: 10, cacheMaxBytes: 1 } })
  t.same(keysOf(await walk(world, { limit: 7 })), truth(world))
  t.same(keysOf(await walk(world, { limit: 7 })), truth(world))
})

t.test(
  'a journal that cannot be read, in a store that takes no other: nobody loses anything',
  async t => {
    const { store, broken } = brittleStore()
    let log = ''
    const named: LogStore = {
      ...store,
      commit: (name, commit) => {
        if (!name.includes(':access:')) log = name
        return store.commit(name, commit)
      }
    }
    const world = await worldOf(t, { store: named, logs: { rebuildHorizonSeconds: 86_400 } })
    const clients = crowdOf(world)
    await readAll(clients)
    const expectedVersion = await store.version(log)
    const state = Buffer.from('{"format":99}')
    await store.commit(log, { expectedVersion, state, heads: [], bodies: [] })
    broken.add('commit')
    world.simulator.add(2)
    await world.restart()
    for (let poll = 0; poll < 3; poll++) {
      world.simulator.clock.advance(11_000)
      await readAll(clients)
    }
    t.same(missing(world, clients), {})
  }
)

const page = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects/'

/** What `/readyz` says. */
async function ready(gateway: Awaited<ReturnType<typeof buildGateway>>) {
  const { statusCode, body } = await gateway.send({ url: '/readyz' })
  return { status: statusCode, ...JSON.parse(body) }
}

t.test('an unreadable data directory: serves, logs it once, /readyz is degraded', async t => {
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  const gateway = await buildGateway(t, { store: { dataDir: file } })
  const { statusCode, body } = await gateway.send({ url: page })
  t.equal(statusCode, 200)
  t.equal(JSON.parse(body).objects.length, 60)
  t.equal(gateway.lines.filter(({ trouble }) => trouble).length, 1)
  const state = await ready(gateway)
  t.match(state, { status: 'degraded', checks: { store: /data directory cannot be used/ } })
})

/** A gateway over a data directory that takes nothing more until told to. */
async function fullDisk(t: Test) {
  const dataDir = t.testdir()
  const gateway = await buildGateway(t, { store: { dataDir } })
  const database = new DatabaseSync(join(dataDir, 'feed-log.sqlite'))
  t.teardown(() => database.close())
  const tables = ['bodies', 'journals']
  for (const table of tables)
    database.exec(
      `CREATE TRIGGER full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'full'); END`
    )
  const empty = () => {
    for (const table of tables) database.exec(`DROP TRIGGER full_${table}`)
  }
  return { gateway, empty }
}

t.test(
  'a full disk: serves, logs it once, /readyz is degraded until there is room again',
  async t => {
    const { gateway, empty } = await fullDisk(t)
    const { simulator } = gateway
    for (let poll = 0; poll < 3; poll++) {
      const { statusCode, body } = await gateway.send({ url: page })
      t.equal(statusCode, 200)
      t.equal(JSON.parse(body).objects.length, 60 + poll)
      simulator.add(1)
      simulator.clock.advance(11_000)
    }
    t.match(await ready(gateway), { status: 'degraded', checks: { store: /full/ } })
    t.equal(gateway.lines.filter(({ trouble }) => trouble).length, 1)
    empty()
    await gateway.send({ url: page })
    t.match(await ready(gateway), { checks: { store: 'ok' } })
    t.equal(gateway.lines.filter(({ msg }) => msg === 'the store works again').length, 1)
  }
)

t.test(
  'K11: a full disk: the MISP manifest is 503 with Retry-After, and comes after a restart with room',
  async t => {
    const dataDir = t.testdir()
    const gateway = await buildGateway(t, { store: { dataDir } })
    const database = new DatabaseSync(join(dataDir, 'documents.sqlite'))
    t.teardown(() => database.close())
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name))
    for (const table of tables)
      database.exec(
        `CREATE TRIGGER full_${table} BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`
      )
    const { statusCode, headers, body } = await gateway.send({ url: '/misp/manifest.json' })
    t.equal(statusCode, 503)
    t.ok(Number(headers['retry-after']) >= 1)
    t.equal(body, 'The store of the gateway is in trouble for now\n')
    t.match(await ready(gateway), {
      status: 'degraded',
      checks: { store: /^\w+ failed: the disk is full$/ }
    })
    t.strictSame(
      gateway.lines.filter(({ outcome }) => outcome === 'internal'),
      []
    )
    for (const table of tables) database.exec(`DROP TRIGGER full_${table}`)
    await gateway.close()
    const later = await buildGateway(t, { store: { dataDir } })
    const again = await later.send({ url: '/misp/manifest.json' })
    t.equal(again.statusCode, 200)
  }
)
