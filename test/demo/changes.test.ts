import fc from 'fast-check'
import t from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { type Item, noon, page, request, simulate, walk } from './client.ts'

const ids = (items: readonly { id: string }[]): string[] => items.map(item => item.id)
const byId = (id: string) =>
  `/v2/inthreat/${id.startsWith('relationship') ? 'relationships' : 'objects'}/${id}`

t.test('item 9: an edit moves the object to the tip, and its old version is gone', async t => {
  const simulator = await simulate(t, { objects: 20 })
  const [first] = simulator.visible()
  const modified = simulator.edit(first!.id, { confidence: 7 })
  t.equal(modified, '2026-01-15T12:00:00.000001Z')
  const items = await walk(simulator, { limit: 6 })
  t.equal(items.length, 20)
  t.match(items.at(-1), { id: first!.id, modified, confidence: 7 })
  t.match(simulator.get(first!.id), { modified, confidence: 7, spec_version: '2.1' })
})

t.test('item 9: edits during a walk neither duplicate nor lose other objects', async t => {
  const simulator = await simulate(t, { objects: 60 })
  const all = ids(simulator.visible())
  const edited = new Set<string>()
  const items = await walk(simulator, { limit: 7 }, () => {
    const id = all[(edited.size * 17) % 60]!
    if (edited.size < 8) edited.add(id) && simulator.edit(id)
  })
  const untouched = all.filter(id => !edited.has(id))
  t.equal(edited.size, 8)
  t.same(
    ids(items).filter(id => !edited.has(id)),
    untouched
  )
  t.same(new Set(ids(items)), new Set(all))
})

t.test(
  'items 9, 14, 15: whatever happens, pages are the naive sort of the latest versions',
  async t => {
    const operation = fc.record({
      kind: fc.constantFrom('edit', 'revoke', 'remove', 'add', 'ties', 'past'),
      pick: fc.nat(1000),
      step: fc.constantFrom(0, 1, 999, 60_000)
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async operations => {
        const simulator = await startSimulator({
          objects: 12,
          now: noon,
          switches: { cursorMode: 'B' }
        })
        try {
          const truth = new Map(simulator.visible().map(({ id, modified }) => [id, modified]))
          const note = (id: string) => truth.set(id, simulator.get(id)?.['modified'] as string)
          for (const { kind, pick, step } of operations) {
            simulator.clock.advance(step)
            const id = [...truth.keys()][pick % Math.max(truth.size, 1)]
            if (kind === 'add') simulator.add(2).forEach(note)
            else if (kind === 'ties') simulator.ties(3).forEach(note)
            else if (id === undefined) continue
            else if (kind === 'remove') simulator.remove(id) && truth.delete(id)
            else if (kind === 'revoke') truth.set(id, simulator.revoke(id))
            else if (kind === 'edit') truth.set(id, simulator.edit(id))
            else truth.set(id, simulator.edit(id, {}, { modified: '2021-05-05T05:05:05.5Z' }))
          }
          const naive = [...truth].map(([id, modified]) => `${modified} ${id}`).sort()
          const items = await walk(simulator, { limit: 5 })
          t.same(
            items.map(({ id, modified }) => `${modified} ${id}`),
            naive
          )
          t.equal(simulator.size, naive.length)
        } finally {
          await simulator.close()
        }
      }),
      { seed: 9, numRuns: 25 }
    )
  }
)

t.test('item 14: a revoked object comes again with revoked: true', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const [{ id }] = simulator.visible() as [Item]
  const modified = simulator.revoke(id)
  t.match((await page(simulator)).items.at(-1), { id, modified, revoked: true })
})

t.test('item 15: a deleted object is in no page and 404 by id, or kept by id', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const [{ id }] = simulator.visible() as [Item]
  t.ok(simulator.remove(id))
  t.notOk(simulator.remove(id))
  t.notOk(ids((await page(simulator)).items).includes(id))
  t.equal((await request(simulator, byId(id))).status, 404)
  t.equal(simulator.get(id), undefined)
  simulator.switches.deletedById = 'kept'
  t.equal((await request(simulator, byId(id))).status, 200)
})

t.test('item 20: a late arrival shows after cursors have passed its modified', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const [late] = simulator.add(1, { hiddenForMs: 1000 })
  t.equal(simulator.get(late!), undefined)
  const [early] = simulator.add()
  const { items, next_cursor } = await page(simulator)
  t.equal(items.at(-1)!.id, early)
  simulator.clock.advance(1000)
  t.same(await page(simulator, { cursor: next_cursor! }), { items: [], next_cursor })
  t.same(ids(await walk(simulator)).slice(-2), [late, early])
})

t.test('item 20: while an edit is hidden the old version is served; a newer edit wins', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const [{ id, modified }] = simulator.visible() as [Item]
  const hidden = simulator.edit(id, { confidence: 1 }, { hiddenForMs: 1000 })
  t.equal(simulator.get(id)?.['modified'], modified)
  simulator.clock.advance(1000)
  t.equal(simulator.get(id)?.['modified'], hidden)
  simulator.edit(id, { confidence: 2 }, { hiddenForMs: 1000 })
  const newer = simulator.edit(id, { confidence: 3 })
  simulator.clock.advance(1000)
  t.match(simulator.get(id), { modified: newer, confidence: 3 })
})

t.test('item 20: ties share one modified', async t => {
  const simulator = await simulate(t, { objects: 5 })
  const tied = simulator.ties(4)
  const items = (await page(simulator)).items.slice(-4)
  t.same(new Set(ids(items)), new Set(tied))
  t.equal(new Set(items.map(item => item.modified)).size, 1)
})

t.test('item 29: the clock stands still once set, and moves when told', async t => {
  const simulator = await simulate(t, { objects: 0 })
  t.equal(simulator.clock.now(), noon)
  simulator.clock.advance(5)
  t.equal(simulator.clock.now(), noon + 5)
  simulator.clock.set(noon)
  t.equal(simulator.clock.now(), noon)
  t.throws(() => simulator.edit('indicator--none'), TypeError)
  t.throws(() => simulator.add(1, { modified: 'now' }), TypeError)
})
