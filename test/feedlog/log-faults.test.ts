import t from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import { idsOf, keysOf, queryText, read, stepOf, truth, walk } from '../support/walks.ts'
import { onPageCalls, storeWith, worldOf } from '../support/worlds.ts'

/** One upstream call of a request fails (P-34). */

const faults: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'error-object' },
  { kind: 'no-items' },
  { kind: 'html' },
  { kind: 'bad-gzip' }
]

for (const fault of faults)
  for (const failing of [1, 2, 3])
    t.test(
      `call ${failing} of a request fails (${fault.kind} ${fault.status ?? ''}): no empty answer, no early end (P-34)`,
      async t => {
        const world = await worldOf(t, { logs: { pageLimit: 10 }, client: { maxAttempts: 1 } })
        onPageCalls(world, call => (call === failing || call === failing + 1 ? fault : undefined))
        const answer = await world.get(`objects/?${queryText({ limit: 40 })}`)
        if (answer.status !== 200) t.match(answer.status, /^50[234]$/)
        else {
          const page = stepOf(answer)
          t.ok(page.more && page.next && page.ids.length > 0)
          t.same(page.keys, truth(world).slice(0, page.keys.length))
          onPageCalls(world, () => undefined)
          const rest = await walk(world, { limit: 40, next: page.next })
          t.same([...page.keys, ...keysOf(rest)], truth(world))
        }
        onPageCalls(world, () => undefined)
        world.simulator.clock.advance(11_000)
        t.same(
          keysOf(await walk(world, { limit: 40 })),
          truth(world),
          'and the log is none the worse'
        )
      }
    )

t.test(
  'what was collected before the failure is answered with `more` and `next` (P-34)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 }, client: { maxAttempts: 1 } })
    onPageCalls(world, call => (call >= 3 ? { kind: 'status', status: 503 } : undefined))
    const page = await read(world, { limit: 40 })
    t.equal(page.more, true)
    t.ok(page.ids.length > 0 && page.ids.length <= 20)
  }
)

t.test(
  'a cut short answer loses nothing for a client that goes on by its header (P-13, P-34)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 }, client: { maxAttempts: 1 } })
    world.simulator.ties(5, { modified: '2026-01-14T12:00:00.25Z' })
    let isFailing = false
    onPageCalls(world, call => {
      isFailing = call % 2 === 0
      return isFailing ? { kind: 'status', status: 503 } : undefined
    })
    const got: string[] = []
    for (let requests = 0, after: string | undefined; requests < 60; requests++) {
      const answer = await world.get(`objects/?${queryText({ limit: 60, added_after: after })}`)
      if (answer.status !== 200) continue
      const page = stepOf(answer)
      got.push(...page.keys)
      after = page.lastDate
      if (!page.more) break
    }
    t.same(got, truth(world))
  }
)

t.test(
  'a request with `next` is answered from what is held while Sekoia fails (P-34, G7)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const first = await read(world, { limit: 10 })
    await walk(world, { limit: 10 })
    world.simulator.faults.rate({ kind: 'status', status: 503 })
    world.simulator.clock.advance(3_600_000)
    t.same(keysOf(await walk(world, { limit: 10, next: first.next })), truth(world).slice(10))
  }
)

t.test(
  'a walk that was interrupted by a long failure goes on from its token, complete (P-34)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 }, client: { maxAttempts: 1 } })
    const first = await read(world, { limit: 10 })
    world.simulator.faults.rate({ kind: 'status', status: 503 })
    await world.restart(storeWith())
    const refused = await world.get(`objects/?${queryText({ limit: 10, next: first.next })}`)
    t.equal(refused.status, 503)
    world.simulator.faults.clear()
    world.simulator.clock.advance(60_000)
    const rest = await walk(world, { limit: 10, next: first.next })
    const got = new Set([...first.keys, ...keysOf(rest)])
    t.same(
      truth(world).filter(key => !got.has(key)),
      []
    )
  }
)

for (const kind of ['duplicate-page', 'loop-cursor'] as const)
  t.test(`Sekoia answers with a ${kind}: nothing is lost and the walk ends`, async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    await read(world, { limit: 10 })
    world.simulator.faults.once({ kind, match: '/objects' }, 2)
    const pages = []
    for (let requests = 0; requests < 5; requests++) {
      const answer = await world.get('objects/?limit=100')
      if (answer.status === 200) pages.push(stepOf(answer))
      world.simulator.clock.advance(11_000)
    }
    t.same(new Set(idsOf(pages)).size, truth(world).length)
    t.same(pages.at(-1)!.keys, truth(world))
  })

t.test('objects that come in while answers fail are found once they do not', async t => {
  const world = await worldOf(t, { client: { maxAttempts: 1 } })
  const { lastDate } = await read(world)
  const added = world.simulator.add(5)
  for (const fault of faults) {
    world.simulator.clock.advance(11_000)
    world.simulator.faults.rate({ ...fault, match: '/objects' })
    const page = await read(world, { added_after: lastDate })
    t.same([page.ids, page.more, page.lastDate], [[], false, lastDate], fault.kind)
    world.simulator.faults.clear()
  }
  world.simulator.clock.advance(11_000)
  t.same((await read(world, { added_after: lastDate })).ids, added)
})
