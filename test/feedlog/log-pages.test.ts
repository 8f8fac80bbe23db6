import t from 'tap'
import type { World } from '../support/gateway.ts'
import { idsOf, keysOf, read, truth, walk, walkByHeader } from '../support/walks.ts'
import {
  forgetful,
  onPageCalls,
  pageCalls,
  storeWith,
  worldAt,
  worldOf
} from '../support/worlds.ts'

/** Pages over a whole gateway while the feed changes (P-8 … P-19, and filters). */

/** Groups of equal times, a second apart, the day before. */
const timesOf = (...groups: number[]): string[] =>
  groups.flatMap((size, group) =>
    new Array<string>(size).fill(`2026-01-14T12:00:${String(group).padStart(2, '0')}.5Z`)
  )

t.test(
  'n records at limit n: `more` is false, whatever cursor Sekoia gave; at n−1 it is true (P-8)',
  async t => {
    const world = await worldOf(t)
    t.equal((await read(world, { limit: 60 })).more, false)
    t.equal((await read(world, { limit: 59 })).more, true)
  }
)

t.test('a type that only the last object has is on the first page (P-9)', async t => {
  const world = await worldOf(t)
  const [last] = world.simulator.add({ type: 'x-sensor' })
  world.simulator.clock.advance(11_000)
  const page = await read(world, { 'match[type]': 'x-sensor', limit: 5 })
  t.same(page.ids, [last])
  t.equal(page.more, false)
})

t.test(
  'every page with `more` is full but for ties, and no page of a walk is empty (P-9, P-10)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 7 } })
    for (const query of [{ limit: 9 }, { limit: 9, 'match[type]': 'indicator' }]) {
      const pages = await walk(world, query)
      const lengths = pages.slice(0, -1).map(({ ids }) => ids.length)
      t.same(
        lengths.filter(length => length !== 9 && length !== 8),
        [],
        'full, or one less to keep a pair of equal dates together'
      )
      t.ok(pages.at(-1)!.ids.length > 0)
    }
  }
)

for (const [size, length] of [
  [1, 10],
  [2, 9],
  [5, 9],
  [6, 10],
  [30, 10]
] as const)
  t.test(
    `limit 10 and ${size} equal dates from the tenth place on: a page of ${length} (P-12)`,
    async t => {
      const { world } = await worldAt(t, timesOf(...new Array<number>(9).fill(1), size, 1, 1, 1, 1))
      const pages = await walk(world, { limit: 10 })
      t.equal(pages[0]!.ids.length, length)
      t.same(keysOf(pages), truth(world), 'and `next` loses nothing')
    }
  )

for (const endpoint of ['objects', 'manifest'])
  t.test(
    `${endpoint}: a walk by header gives the same records as one by \`next\` (P-13)`,
    async t => {
      const { world } = await worldAt(t, timesOf(1, 3, 1, 5, 2, 4, 5, 1), {
        logs: { pageLimit: 6 }
      })
      const byNext = idsOf(await walk(world, { limit: 10 }, { endpoint }))
      t.same(idsOf(await walkByHeader(world, { limit: 10 }, endpoint)), byNext)
      t.equal(byNext.length, 22)
    }
  )

t.test('versions: a walk by header gives the same as one by `next` (P-13)', async t => {
  const world = await worldOf(t)
  const [id] = world.simulator.add(1)
  for (let version = 0; version < 5; version++) {
    world.simulator.clock.advance(11_000)
    await read(world)
    world.simulator.edit(id!)
  }
  world.simulator.clock.advance(11_000)
  const path = `objects/${id}/versions/`
  const byNext: string[] = []
  const byHeader: string[] = []
  for (let query = 'limit=2', more = true; more; ) {
    const { body } = await world.get(`${path}?${query}`)
    byNext.push(...body.versions)
    more = body.more
    query = `limit=2&next=${body.next}`
  }
  for (let query = 'limit=2', more = true; more; ) {
    const { body, headers } = await world.get(`${path}?${query}`)
    byHeader.push(...body.versions)
    more = body.more
    query = `limit=2&added_after=${headers['x-taxii-date-added-last']}`
  }
  t.equal(byNext.length, 6)
  t.same(byHeader, byNext)
})

/** Reads in pages of ten, `change` after the first of them, then polls once by the last header. */
async function walkAnd(world: World, change: (ids: readonly string[]) => unknown) {
  const pages = await walk(
    world,
    { limit: 10 },
    {
      between: ({ length, 0: first }) => {
        if (length === 1) change(first!.ids)
      }
    }
  )
  world.simulator.clock.advance(11_000)
  const poll = await walk(world, { added_after: pages.at(-1)!.lastDate, limit: 10 })
  return { walked: keysOf(pages), polled: keysOf(poll) }
}

const count = (keys: readonly string[], key: string) => keys.filter(each => each === key).length

t.test(
  'a record ahead that changes is delivered with its new version, in this walk or the next poll (P-14)',
  async t => {
    for (const pageLimit of [10, 2000]) {
      const world = await worldOf(t, { logs: { pageLimit } })
      const { id } = world.simulator.visible()[50]!
      const { walked, polled } = await walkAnd(world, () => world.simulator.edit(id))
      const changed = truth(world).find(key => key.startsWith(id))!
      t.equal(count([...walked, ...polled], changed), 1, `${pageLimit} objects to a call`)
    }
  }
)

t.test(
  'a record behind that changes is delivered once more, and nothing else is (P-15)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const { id } = world.simulator.visible()[3]!
    const before = truth(world)
    const { walked, polled } = await walkAnd(world, () => world.simulator.edit(id))
    const changed = truth(world).find(key => key.startsWith(id))!
    t.same([...walked, ...polled].toSorted(), [...before, changed].toSorted())
  }
)

t.test('records that disappear ahead leave no gap and no error (P-16)', async t => {
  const world = await worldOf(t, forgetful())
  const gone = world.simulator.visible().slice(25, 32)
  const { walked } = await walkAnd(world, () => {
    for (const { id } of gone) world.simulator.remove(id)
  })
  const left = new Set(walked)
  t.same(
    truth(world).filter(key => !left.has(key)),
    []
  )
})

t.test(
  'everything ahead disappears: the next page is empty and its headers are the token’s place (P-16)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const first = await read(world, { limit: 10 })
    for (const { id } of world.simulator.visible().slice(10)) world.simulator.remove(id)
    await world.restart(storeWith())
    const page = await read(world, { limit: 10, next: first.next })
    t.same([page.more, page.lastDate], [false, first.lastDate])
  }
)

t.test(
  'the record a token points at changes or disappears: the walk goes on behind it (P-17)',
  async t => {
    for (const move of ['edit', 'remove'] as const) {
      const world = await worldOf(t, forgetful())
      const { walked, polled } = await walkAnd(world, ids => world.simulator[move](ids.at(-1)!))
      const got = new Set([...walked, ...polled])
      t.same(
        truth(world).filter(key => !got.has(key)),
        [],
        move
      )
    }
  }
)

t.test(
  'records added at the tip during a walk arrive in this walk or the next poll (P-18)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const pages = await walk(
      world,
      { limit: 10 },
      {
        between: ({ length }) => {
          world.simulator.clock.advance(3000)
          if (length < 6) world.simulator.add(2)
        }
      }
    )
    world.simulator.clock.advance(11_000)
    const poll = await walk(world, { added_after: pages.at(-1)!.lastDate })
    t.same(keysOf([...pages, ...poll]), truth(world))
  }
)

t.test(
  'a walk over a feed that changes with every request ends, each page further than the last (P-19)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const change = () => {
      world.simulator.clock.advance(2000)
      world.simulator.edit(world.simulator.visible()[0]!.id)
    }
    const pages = await walk(world, { limit: 10 }, { between: change })
    t.ok(pages.length < 15)
    const ends = pages.map(({ lastDate }) => lastDate)
    t.same(ends, ends.toSorted())
    t.equal(new Set(pages.map(({ next }) => next)).size, pages.length)
  }
)

t.test(
  'a typed walk is the feed’s objects of these types, also where Sekoia filters pages already cut',
  async t => {
    for (const filterAfterSlicing of [false, true]) {
      const world = await worldOf(t, {
        simulator: { switches: { filterAfterSlicing } },
        logs: { pageLimit: 5 }
      })
      world.simulator.add(20, {})
      world.simulator.clock.advance(11_000)
      for (const types of [['indicator'], ['malware', 'report'], ['relationship']]) {
        const wanted = new Set(ofTypes(world, types))
        const pages = await walk(world, { 'match[type]': types.join(), limit: 4 })
        t.same(
          keysOf(pages),
          truth(world).filter(key => wanted.has(key.split('|')[0]!)),
          `${types}`
        )
        t.ok(
          pages.every(({ ids, more }) => !more || ids.length > 0),
          'no page is empty'
        )
      }
    }
  }
)

const ofTypes = ({ simulator }: World, types: readonly string[]): string[] =>
  simulator.visible().flatMap(({ id, type }) => (types.includes(type) ? [id] : []))

t.test('a typed poll finds what is new behind pages that hold nothing of the type', async t => {
  const world = await worldOf(t, {
    simulator: { switches: { filterAfterSlicing: true } },
    logs: { pageLimit: 5 }
  })
  const before = await walk(world, { 'match[type]': 'x-sensor' })
  world.simulator.add(30)
  const [wanted] = world.simulator.add({ type: 'x-sensor' })
  world.simulator.add(30)
  world.simulator.clock.advance(11_000)
  const poll = await walk(world, {
    'match[type]': 'x-sensor',
    added_after: before.at(-1)!.lastDate
  })
  t.same(idsOf(poll), [wanted])
})

t.test(
  'a spec version that no object has: each request is bounded, progresses, and the walk ends (P-35)',
  async t => {
    const world = await worldOf(t, {
      simulator: { objects: 200 },
      logs: { pageLimit: 10, readBudgetMs: 5000 }
    })
    onPageCalls(world, () => {
      world.simulator.clock.advance(2000)
      return undefined
    })
    const query = { 'match[spec_version]': '2.0', limit: 10 }
    const pages = [await read(world, query)]
    const calls = [pageCalls(world)]
    while (pages.at(-1)!.more && pages.length < 100) {
      pages.push(await read(world, { limit: 10, next: pages.at(-1)!.next }))
      calls.push(pageCalls(world))
    }
    t.equal(pages.at(-1)!.more, false)
    t.ok(pages.length > 2)
    t.same(idsOf(pages), [])
    t.ok(Math.max(...calls) <= 6, `${calls} calls`)
    const reached = pages.map(({ lastDate }) => lastDate)
    t.same(reached, reached.toSorted())
    t.ok(new Set(reached).size > 1)
  }
)

t.test('two clients interleaved get what each would get alone (P-36)', async t => {
  const world = await worldOf(t, { logs: { pageLimit: 7 } })
  const alone = keysOf(await walk(world, { limit: 9 }))
  await world.restart(storeWith())
  const others: string[] = []
  let next: string | undefined
  const mine = await walk(
    world,
    { limit: 9 },
    {
      between: async () => {
        const page = await read(world, { limit: 6, next })
        others.push(...page.keys)
        next = page.next
      }
    }
  )
  t.same(keysOf(mine), alone)
  t.same(others, alone.slice(0, others.length))
})

t.test('filters do not change the dates of history (P-37, P-46)', async t => {
  const world = await worldOf(t, { logs: { pageLimit: 7 } })
  const all = await read(world, {}, 'manifest')
  const dates = new Map(all.keys.map((key, i) => [key, all.dates[i]]))
  for (const query of [
    { 'match[type]': 'indicator' },
    { 'match[type]': 'malware,relationship' },
    { 'match[version]': 'all' },
    { 'match[spec_version]': '2.1' }
  ]) {
    const some = await read(world, query, 'manifest')
    t.same(
      some.dates,
      some.keys.map(key => dates.get(key)),
      JSON.stringify(query)
    )
  }
})

t.test(
  'a change after its page was read: a later walk has the new version alone, and no id twice (P-45)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const held = await walk(world, { limit: 10 })
    const { id } = world.simulator.visible()[3]!
    world.simulator.edit(id)
    world.simulator.clock.advance(11_000)
    await read(world, { added_after: held.at(-1)!.lastDate })
    world.simulator.clock.advance(11_000)
    t.same(keysOf(await walk(world, { limit: 10 })), truth(world))
    t.same((await read(world)).keys, truth(world))
    const all = await read(world, { 'match[version]': 'all' })
    t.equal(all.ids.filter(each => each === id).length, 2, 'both versions where all are asked for')
  }
)

t.test('a change that comes in while a page is read: no id twice in the answer (P-45)', async t => {
  const world = await worldOf(t)
  await read(world)
  world.simulator.edit(world.simulator.visible()[3]!.id)
  world.simulator.clock.advance(11_000)
  const page = await read(world)
  t.equal(new Set(page.ids).size, page.ids.length)
  t.same(page.keys, truth(world))
})
