import t from 'tap'
import type { JournalState } from '../../src/feedlog/journal/journal-state.ts'
import { decodeHead } from '../../src/feedlog/journal/segment-head.ts'
import type { JournalCommit } from '../../src/kernel/ports.ts'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { read } from '../support/walks.ts'
import { noon, storeWith, worldAt } from '../support/worlds.ts'

/** What is written down, and in which order: a process may die between any two commits. */

const hour = 3_600_000
const hourly = Array.from({ length: 120 }, (_, i) =>
  new Date(noon - (120 - i) * hour + 1_800_000).toISOString().replace('.000Z', '.123456Z')
)

/** The cursors of a journal's chains, by the start of the chain. */
const cursorsOf = ({ state }: JournalCommit): Map<number, string | null> => {
  const { chains = [] } = JSON.parse(state.toString()) as Partial<JournalState>
  return new Map(chains.map(({ start, cursor }) => [start, cursor]))
}

t.test('no commit tells of a cursor whose objects are not written down with it (G1)', async t => {
  const store = storeWith()
  let last = new Map<number, string | null>()
  /** Chains that moved to where the next one begins: nothing of what they read there is theirs. */
  const linked = new Set<number>()
  let moved = 0
  const commit = store.commit.bind(store)
  store.commit = async (log, change) => {
    const cursors = cursorsOf(change)
    const written = new Set(change.heads.map(({ head }) => decodeHead(head).head.chain))
    for (const [start, cursor] of cursors) {
      if (cursor === (last.get(start) ?? null)) continue
      moved++
      t.notOk(
        linked.has(start) && written.has(start),
        `the chain from ${start} goes on by what it wrote down`
      )
      if (!written.has(start)) linked.add(start)
    }
    if (cursors.size > 0) last = cursors
    return commit(log, change)
  }
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 5 }, store })
  // Walks that fill chains of their own side by side.
  const starts = [undefined, 100, 80, 60, 40, 20].map(hours => hours && toTs6(noon - hours * hour))
  await Promise.all(
    starts.map(async added_after => {
      for (let next: string | undefined, page = 0; page < 12; page++) {
        const step = await read(world, { ...(added_after && { added_after }), limit: 5, next })
        next = step.next
        if (!step.more) return
      }
    })
  )
  t.ok(moved > 20)
})
