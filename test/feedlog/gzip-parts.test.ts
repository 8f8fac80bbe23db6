import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { LogStore } from '../../src/kernel/ports.ts'
import { defaultFeed, type RawAnswer, startWorld, type World } from '../support/gateway.ts'
import { noon, storeWith } from '../support/worlds.ts'

/** gzip answers out of the parts that segments keep, over a whole gateway: never other bytes than without a coding. */

const objectsPath = `/sekoia/collections/${defaultFeed}/objects/`

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), no: fc.nat(3) }) },
  fc.record({ kind: fc.constantFrom('add' as const, 'edit' as const), no: fc.nat(999) }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'damage' as const), no: fc.nat(999_999) }),
  fc.record({ kind: fc.constantFrom('restart' as const, 'evict' as const), no: fc.constant(0) })
)

const query = fc.record({
  limit: fc.constantFrom(100, 137, 200, 333, 450, 900, 2000),
  from: fc.oneof(fc.constant(undefined), fc.nat(900)),
  filter: fc.constantFrom('', '', '&match[version]=all', '&match[spec_version]=2.1'),
  pages: fc.constantFrom(1, 2, 3),
  isGzipFirst: fc.boolean()
})

type Query = typeof query extends fc.Arbitrary<infer T> ? T : never

/** A store whose longer bodies can be damaged, and whose bodies can be lost. */
function brittle() {
  const store = storeWith()
  const bodies = new Set<string>()
  const seen = { lengthened: 0, damaged: 0 }
  const told = new EventEmitter()
  const wrapped: LogStore = {
    ...store,
    async lengthenBody(log, no, from, body) {
      const isDone = await store.lengthenBody(log, no, from, body)
      if (isDone) bodies.add(`${log} ${no} ${from}`)
      if (isDone) seen.lengthened++
      told.emit('lengthened')
      return isDone
    }
  }
  return {
    store: wrapped,
    seen,
    /** Waits until bodies were made longer so many times. */
    async lengthened(times: number) {
      while (seen.lengthened < times) await once(told, 'lengthened')
    },
    /** @param at counted from the end where it is negative */
    async damage(at: number) {
      for (const name of bodies) {
        const [log = '', no, from] = name.split(' ')
        const stored = await store.readBody(log, Number(no))
        if (!stored || stored.length <= Number(from)) continue
        const damaged = Buffer.from(stored)
        damaged[at < 0 ? stored.length + at : at % stored.length]! ^= 1
        await store.writeBody(log, Number(no), damaged)
        seen.damaged++
      }
    },
    async evict() {
      for (const name of bodies) {
        const [log = '', no] = name.split(' ')
        await store.writeBody(log, Number(no), Buffer.alloc(0))
      }
    }
  }
}

t.setTimeout(300_000)

t.test('any reading, however it is held, unzips to the bytes without a coding', async t => {
  const seen = { fromParts: 0, whole: 0, lengthened: 0, damaged: 0 }
  const history = fc.record({
    pageLimit: fc.constantFrom(300, 450, 700),
    queries: fc.array(query, { minLength: 4, maxLength: 4 }),
    steps: fc.array(step, { minLength: 4, maxLength: 10 })
  })
  const play = async ({
    pageLimit,
    queries,
    steps
  }: typeof history extends fc.Arbitrary<infer T> ? T : never) => {
    const shelf = brittle()
    const world = await startWorld({
      simulator: { now: noon, objects: 900, bloat: false },
      logs: { pageLimit, cacheMaxBytes: 1_000_000 },
      store: shelf.store
    })
    try {
      for (const { kind, no } of steps) {
        const visible = world.simulator.visible()
        if (kind === 'add') world.simulator.add(1 + (no % 40))
        if (kind === 'edit') world.simulator.edit(visible[no % visible.length]!.id)
        if (kind === 'remove') world.simulator.remove(visible[no % visible.length]!.id)
        if (kind === 'damage') await shelf.damage(no)
        if (kind === 'evict') await shelf.evict()
        if (kind === 'restart' || kind === 'damage' || kind === 'evict') await world.restart()
        world.simulator.clock.advance(11_000)
        if (kind === 'read') await readBothWays(world, queries[no]!, seen)
      }
    } finally {
      await world.close()
    }
    seen.lengthened += shelf.seen.lengthened
    seen.damaged += shelf.seen.damaged
  }
  await fc.assert(fc.asyncProperty(history, play), { seed: 20_261_128, numRuns: 20 })
  t.ok(
    seen.fromParts > 20 && seen.whole > 5 && seen.lengthened > 20 && seen.damaged > 5,
    JSON.stringify(seen)
  )
})

const contentOf = ({ headers, bytes }: RawAnswer): Buffer =>
  headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes

/** A world whose one segment has its parts in the store, and nothing in memory; `page` is what was answered. */
async function withStoredParts(t: Test, shelf: ReturnType<typeof brittle>) {
  const world = await startWorld({
    simulator: { now: noon, objects: 600, bloat: false },
    store: shelf.store
  })
  t.teardown(() => world.close())
  const ask = () => world.raw(`${objectsPath}?limit=2000`, { 'accept-encoding': 'gzip' })
  const page = await ask()
  t.ok(isFromParts(page.bytes))
  await shelf.lengthened(1)
  await world.restart()
  return { world, ask, page }
}

t.test(
  'what is stored deflated is sent after a restart, and Sekoia is asked for no page',
  async t => {
    const shelf = brittle()
    const { world, ask, page } = await withStoredParts(t, shelf)
    world.simulator.calls.length = 0
    const again = await ask()
    t.ok(again.bytes.equals(page.bytes))
    t.equal(again.headers['etag'], page.headers['etag'])
    t.ok(world.simulator.calls.every(({ path }) => !path.includes('/objects?limit=2000')))
    t.equal(shelf.seen.lengthened, 1)
  }
)

t.test('parts that were damaged in the store are made anew', async t => {
  const shelf = brittle()
  const { ask, page } = await withStoredParts(t, shelf)
  await shelf.damage(-1000)
  const again = await ask()
  t.ok(again.bytes.equals(page.bytes))
  await shelf.lengthened(2)
})

t.test('a store that does not take the parts stands in no answer’s way', async t => {
  const shelf = brittle()
  const lengthenBody = async () => {
    throw new Error('the disk is full')
  }
  const world = await startWorld({
    simulator: { now: noon, objects: 600, bloat: false },
    store: { ...shelf.store, lengthenBody }
  })
  t.teardown(() => world.close())
  for (let turn = 0; turn < 2; turn++) {
    const { bytes } = await world.raw(`${objectsPath}?limit=2000`, { 'accept-encoding': 'gzip' })
    t.ok(isFromParts(bytes))
    t.equal(JSON.parse(gunzipSync(bytes).toString()).objects.length, 600)
  }
})

/** The system in the head is that of Node where a member was not put together here. */
const isFromParts = (gzip: Buffer): boolean => gzip[9] === 0xff

async function readBothWays(
  world: World,
  { limit, from, filter, pages, isGzipFirst }: Query,
  seen: { fromParts: number; whole: number }
): Promise<void> {
  const visible = world.simulator.visible()
  const at = from === undefined ? undefined : visible[from % visible.length]?.modified
  const after = at === undefined ? '' : `&added_after=${at}`
  let path = `${objectsPath}?limit=${limit}${after}${filter}`
  for (let page = 0; page < pages; page++) {
    const ask = (coding: string) => world.raw(path, { 'accept-encoding': coding })
    // What is read anew may lie in more pieces than when it is read again, which changes its tag.
    const early = await ask(isGzipFirst ? 'gzip' : 'gzip;q=0')
    const gzip = await ask('gzip')
    const plain = await ask('gzip;q=0')
    assert.deepEqual([early.status, gzip.status, plain.status], [200, 200, 200])
    const isGzip = gzip.headers['content-encoding'] === 'gzip'
    for (const answer of [early, gzip]) assert.ok(contentOf(answer).equals(plain.bytes), path)
    assert.equal(plain.headers['content-encoding'], undefined)
    for (const { headers, bytes } of [gzip, plain])
      assert.equal(headers['content-length'], String(bytes.length))
    for (const name of ['etag', 'vary', 'x-taxii-date-added-first', 'x-taxii-date-added-last'])
      assert.equal(gzip.headers[name], plain.headers[name], name)
    const tag = String(plain.headers['etag'])
    const head = await world.raw(path, { 'accept-encoding': 'gzip' }, 'HEAD')
    assert.deepEqual([head.status, head.headers['etag'], head.bytes.length], [200, tag, 0])
    const again = { 'accept-encoding': 'gzip', 'if-none-match': tag }
    assert.equal((await world.raw(path, again)).status, 304)
    if (isGzip) seen[isFromParts(gzip.bytes) ? 'fromParts' : 'whole']++
    const { next } = JSON.parse(plain.bytes.toString())
    if (next === undefined) return
    path = `${objectsPath}?limit=${limit}${filter}&next=${encodeURIComponent(next)}`
  }
}
