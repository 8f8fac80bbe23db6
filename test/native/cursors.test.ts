import t from 'tap'
import { decodeCursor, encodePlace } from '../../src/native/feed/cursor.ts'
import { keysOf, nativeWorld, pagePath, walk } from '../support/native-world.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

t.test(
  'a cursor that Sekoia made goes on through the gateway, in either form of Sekoia',
  async t => {
    for (const cursorMode of ['A', 'B'] as const) {
      const { simulator, get, getDirect } = await nativeWorld(t, {
        simulator: { objects: 300, switches: { cursorMode } }
      })
      const { body } = await getDirect(pagePath('limit=120'))
      const rest = await walk(get, { cursor: body.next_cursor })
      t.same(keysOf(rest.items), keysOf(simulator.visible().slice(120) as never), cursorMode)
      simulator.clock.advance(11_000)
      const modified = simulator.edit(simulator.visible()[0]!.id)
      const news = await walk(get, { cursor: rest.cursor })
      t.same(
        news.items.map(item => item.modified),
        [modified]
      )
    }
  }
)

t.test('a cursor of the end, in a form that only Sekoia reads, waits for news', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, {
    simulator: { objects: 100, switches: { cursorMode: 'B' } }
  })
  const { cursor } = await walk(getDirect)
  t.same(await walk(get, { cursor }), { items: [], cursor, pages: 1 })
  simulator.clock.advance(11_000)
  const [id] = simulator.add(1)
  const news = await walk(get, { cursor })
  t.same(
    news.items.map(item => item.id),
    [id]
  )
})

t.test('a cursor that the gateway made goes on at Sekoia, wherever the walk stands', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 300 } })
  simulator.clock.advance(5000)
  await walk(get)
  simulator.add(3)
  simulator.ties(9)
  simulator.add(2)
  simulator.clock.advance(11_000)
  const all = keysOf(simulator.visible() as never)
  for (const limit of [1, 7, 90]) {
    let cursor = ''
    const seen: string[] = []
    for (;;) {
      const { body } = await get(pagePath(`limit=${limit}${cursor && `&cursor=${cursor}`}`))
      seen.push(...keysOf(body.items))
      cursor = body.next_cursor
      if (body.items.length < limit) break
      if (limit === 1 && seen.length % 37 !== 0 && seen.length < 295) continue
      const rest = await walk(getDirect, { cursor, limit: 2000 })
      const reached = new Set([...seen, ...keysOf(rest.items)])
      t.same(
        all.filter(key => !reached.has(key)),
        [],
        `after ${seen.length} of ${limit}`
      )
    }
  }
})

t.test(
  'cursors that clients make of a time are places: every form the connector sends',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 300 } })
    const at = simulator.visible()[150]!.modified.slice(0, 19)
    const expected = keysOf(
      simulator.visible().filter(({ modified }) => modified > `${at}Z`) as never
    )
    for (const text of [`${at}Z`, `${at}+00:00Z`, `${at}+00:00`, `${at}.000001Z`]) {
      const { items } = await walk(get, { cursor: encodeURIComponent(base64(text)) })
      const keys = new Set(keysOf(items))
      t.ok(
        expected.every(key => keys.has(key)),
        text
      )
    }
  }
)

t.test(
  'the connector starts in 2026 with a client-made cursor and asks Sekoia for no older page',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 300 } })
    const start = '2026-01-01T00:00:00Z'
    await walk(get, { cursor: encodeURIComponent(base64(start)) })
    const starts = simulator.calls.filter(
      ({ path, query }) => path.endsWith('objects') && !query['cursor']
    )
    t.ok(starts.every(({ query }) => query['limit'] === '1' || query['modified_after']))
  }
)

t.test(
  'cursors are plain times in history and at the tip, so that Sekoia takes them as its own',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 300 } })
    const kinds = new Set<string>()
    let cursor = ''
    for (let i = 0; i < 60; i++) {
      const { body } = await get(pagePath(`limit=9${cursor && `&cursor=${cursor}`}`))
      cursor = body.next_cursor
      kinds.add(decodeCursor(cursor).kind)
      if (body.items.length === 9) continue
      simulator.add(4)
      simulator.clock.advance(11_000)
    }
    t.same([...kinds], ['time'])
  }
)

t.test('among objects of one time each is given once, whatever the limit', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 50 } })
  await walk(get)
  simulator.ties(30)
  simulator.clock.advance(11_000)
  for (const limit of [1, 4, 20]) {
    const { items } = await walk(get, { limit })
    t.same(new Set(keysOf(items)), new Set(keysOf(simulator.visible() as never)))
    t.ok(items.length < 200)
  }
})

t.test(
  'late arrivals reach a client that stands at the end, and none is given for ever',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 100 } })
    let { cursor } = await walk(get)
    const [late] = simulator.add(1, { hiddenForMs: 60_000 })
    simulator.clock.advance(11_000)
    simulator.add(2)
    ;({ cursor } = await walk(get, { cursor }))
    simulator.clock.advance(60_000)
    const found = await walk(get, { cursor })
    t.same(
      found.items.map(({ id }) => id),
      [late]
    )
    simulator.clock.advance(11_000)
    t.same((await walk(get, { cursor: found.cursor })).items, [])
  }
)

t.test('an object dated years ahead stops nobody', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 60 } })
  simulator.add(1, { modified: '2031-01-01T00:00:00.5Z' })
  let { cursor, items } = await walk(get)
  t.equal(items.length, 61)
  for (let i = 0; i < 3; i++) {
    simulator.clock.advance(11_000)
    const [id] = simulator.add(1)
    ;({ cursor, items } = await walk(get, { cursor }))
    t.ok(items.some(item => item.id === id))
  }
})

t.test('an empty feed has a cursor from which its first object is found', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 0 } })
  const { cursor, items } = await walk(get)
  t.same(items, [])
  simulator.clock.advance(11_000)
  const [id] = simulator.add(1)
  t.same(
    (await walk(get, { cursor })).items.map(item => item.id),
    [id]
  )
})

t.test('a place survives its own text, and holds nothing that a URL would change', t => {
  const position = {
    epoch: '00c0ffee',
    date: 1_768_478_400_123,
    natural: 1_768_478_400_000,
    segment: 12,
    id: 'indicator--177ec842-822b-4dc2-a498-5aa10d6f4576'
  }
  const cursor = encodePlace(position)
  t.match(cursor, /^[A-Za-z0-9]+=*$/)
  t.same(decodeCursor(cursor), { kind: 'place', position })
  t.end()
})
