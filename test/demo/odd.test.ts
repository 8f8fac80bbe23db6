import t from 'tap'
import { oddItems, oddKinds, oddShapes, oddTimes } from '../../src/demo/corpus/odd.ts'
import { noon, page, pagePath, request, simulate, walk } from './client.ts'

const read = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

/** The bytes of the only page. */
const bytes = async (...[simulator, query]: Parameters<typeof page>): Promise<Buffer> =>
  Buffer.from(await (await request(simulator, pagePath(query))).arrayBuffer())

t.test('an odd time is the object’s own, as written, and decides its place', async t => {
  const simulator = await simulate(t, { objects: 20 })
  const ids = new Map(oddTimes.map(kind => [kind, simulator.odd(kind)]))
  const { items } = await page(simulator)
  t.equal(items.length, 20 + oddTimes.length)
  const times = (kind: (typeof oddTimes)[number]) => {
    const { created, modified } = items.find(({ id }) => id === ids.get(kind))! as object as Record<
      string,
      unknown
    >
    return [created, modified]
  }
  t.same(times('future'), ['2083-01-01T00:00:00.000Z', '2083-01-01T00:00:00.000Z'])
  t.match(times('twelve-minutes-ahead')[1], /^2026-01-15T12:12:00\./)
  t.match(times('offset')[1], /^2026-01-15T14:00:00\.250\+02:00$/)
  t.match(times('zone-less')[1], /^2026-01-15T12:00:00\.5$/)
  t.match(times('over-precise')[1], /^2026-01-15T12:00:00\.1699798608Z$/)
  t.match(times('leap-second')[1], /:60\.000Z$/)
  t.same(times('missing'), [undefined, undefined])
  t.same(times('null'), [null, null])
  t.same(times('empty-object'), [{}, {}])
  t.same(
    simulator.visible().map(({ id }) => id),
    items.map(({ id }) => id)
  )
  t.equal(items[0]!.id, ids.get('year-1'))
  t.equal(items.at(-1)!.id, ids.get('unreadable'), 'a word comes after all dates')
  t.equal(items.at(-2)!.id, ids.get('future'))
})

t.test('what is placed in history stands there, whatever its own time', async t => {
  const simulator = await simulate(t, { objects: 100 })
  const [before, after] = simulator.visible().slice(49, 51)
  // As text it comes right before the shorter one.
  const place = `${after!.modified.slice(0, -1)}5Z`
  const id = simulator.odd('future', { place })
  const items = await walk(simulator, { limit: 7 })
  const at = items.findIndex(item => item.id === id)
  t.same([items[at - 1]!.id, items[at + 1]!.id], [before!.id, after!.id])
  t.equal(items[at]!.modified, '2083-01-01T00:00:00.000Z')
  t.equal(items.length, 101)
})

t.test('every kind can be spread over the history, in both orders', async t => {
  for (const order of ['text', 'instant'] as const) {
    const simulator = await simulate(t, { objects: 400, order, odd: oddKinds, bloat: false })
    t.equal(simulator.size, 400 + oddKinds.length)
    t.equal(simulator.visible().length, 400 + oddTimes.length + oddShapes.length)
    t.equal(simulator.unreadable().length, oddItems.length)
  }
})

t.test('items that no parser takes spoil exactly their page', async t => {
  for (const kind of [
    'nan',
    'infinity',
    'control-character',
    'trailing-comma',
    'unbalanced'
  ] as const) {
    const simulator = await simulate(t, { objects: 20 })
    simulator.odd(kind)
    const first = await page(simulator, { limit: 20 })
    const text = (await bytes(simulator, { limit: 20, cursor: first.next_cursor! })).toString()
    t.notOk(read(text), kind)
    t.match(text, /^\{"items":\[.*\],"next_cursor":"[^"]+"\}$/s)
  }
})

t.test('an invalid UTF-8 byte comes as it is', async t => {
  const simulator = await simulate(t, { objects: 0 })
  simulator.odd('bad-utf8')
  const body = await bytes(simulator, {})
  t.ok(body.includes(Buffer.from('caf\xe9"', 'latin1')))
  t.notOk(read(body.toString('utf8').replace('\ufffd', '')) === false)
})

t.test('items that are no objects, and objects without id or type', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const kinds = [
    'null-item',
    'number-item',
    'string-item',
    'array-item',
    'no-id',
    'no-type'
  ] as const
  for (const kind of kinds) simulator.odd(kind)
  const { items } = await page(simulator)
  t.same(
    items.map(item => (item === null ? 'null' : Array.isArray(item) ? 'array' : typeof item)),
    ['null', 'number', 'string', 'array', 'object', 'object']
  )
  t.notOk('id' in items[4]!)
  t.notOk('type' in items[5]!)
  t.same(simulator.visible(), [])
})

t.test('depth and size are to be chosen', async t => {
  const simulator = await simulate(t, { objects: 0 })
  simulator.odd('deep', { size: 1000 })
  simulator.odd('huge', { size: 3_000_000 })
  simulator.odd('duplicate-keys')
  const text = (await bytes(simulator, {})).toString()
  t.match(text, /\[{1000}1\]{1000}/)
  t.ok(text.length > 3_000_000)
  t.equal(text.match(/"name":/g)?.length, 4)
  t.equal(simulator.visible().length, 2, 'what is huge is not counted on')
})

t.test('an odd item is as odd by its id, and cannot be edited', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const id = simulator.odd('nan')
  const answer = await request(simulator, `/v2/inthreat/objects/${id}`)
  t.match(await answer.text(), /^\{"data":\{.*NaN\}\}$/)
  t.equal(simulator.get(id), undefined)
  t.throws(() => simulator.edit(id), TypeError)
})

t.test('an existing object becomes odd under its id', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const { id } = simulator.visible()[0]!
  simulator.odd('zone-less', { members: { id, revoked: true } })
  t.equal(simulator.size, 5)
  t.match(simulator.get(id), { revoked: true, modified: /\d$/ })
})

t.test('modified_after compares instants where texts do not, in both directions', async t => {
  const simulator = await simulate(t, { objects: 50 })
  const ids = [
    simulator.odd('offset', { modified: '2026-01-15T11:00:00Z' }),
    simulator.odd('space')
  ]
  const after = { modified_after: '2026-01-15T10:59:59Z' }
  for (const latest of ['false', 'true']) {
    const found = (await page(simulator, { ...after, latest })).items.map(({ id }) => id)
    t.same(found.sort(), ids.toSorted())
  }
})

t.test('odd things are made over HTTP too; an unknown kind is refused', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const post = (command: object) =>
    fetch(`${simulator.url}/_control/odd`, { method: 'POST', body: JSON.stringify(command) })
  const answer = await post({ kind: 'nan', place: '2026-01-01T00:00:00Z' })
  const { id } = (await answer.json()) as { id: string }
  t.same(await (await fetch(`${simulator.url}/_control/unreadable`)).json(), [id])
  t.equal((await post({ kind: 'even' })).status, 400)
  t.equal((await post({})).status, 400)
})

t.test('a redirect names its place', async t => {
  const simulator = await simulate(t, { objects: 1, now: noon })
  simulator.faults.once({ kind: 'status', status: 302, location: 'https://login.example.com/' })
  const answer = await request(simulator, pagePath(), { redirect: 'manual' })
  t.equal(answer.status, 302)
  t.equal(answer.headers.get('location'), 'https://login.example.com/')
})
