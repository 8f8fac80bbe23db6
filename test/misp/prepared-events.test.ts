import t from 'tap'
import type { DocumentStore, Meter } from '../../src/kernel/ports.ts'
import { startMakerThread } from '../support/misp/maker-threads.ts'
import { addIndicator, inDays, mispWorld } from '../support/misp-scenes.ts'
import { readServed, type Served } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** During a first build a thread makes events while more of the feed is read: they are listed once all is there. */

// Pages of 2,000: each is committed before the next is read.
const settings = { maxChanges: 500, shardBits: 2 }
const indicators = 4500
const days = 40

/** Day after day; one in fifty has a pattern that goes out whole, one in ten a value that others have, too. */
function fill(world: MispWorld): void {
  for (let n = 0; n < indicators; n++) {
    addIndicator(world, n % 10 === 0 ? `shared-${n % 7}` : `${n}`, {
      created: inDays(world, Math.floor((n * days) / indicators) - days),
      ...(n % 50 === 0 && { pattern: `[x-unknown:value = '${n}']` })
    })
    world.simulator.clock.advance(1)
  }
}

async function countOf({ documents, space }: MispWorld, table: string): Promise<number> {
  let count = 0
  for await (const batch of documents.scan(space, table)) count += batch.length
  return count
}

/** What does not depend on when an event was made, and on what of it was known by then. */
const content = ({ files }: Served) =>
  new Map([...files].map(([path, text]) => [path, text.replaceAll(/timestamp":"\d+"/g, '')]))

/** A store that notes in which of its commits a table was first, and last, written to. */
function noting(): {
  documents: DocumentStore
  first: Map<string, number>
  last: Map<string, number>
} {
  const documents = newDocuments()
  const first = new Map<string, number>()
  const last = new Map<string, number>()
  let commits = 0
  const commit: DocumentStore['commit'] = (space, change) => {
    commits++
    for (const { table } of change.puts) {
      if (!first.has(table)) first.set(table, commits)
      last.set(table, commits)
    }
    return documents.commit(space, change)
  }
  return { documents: { ...documents, commit }, first, last }
}

t.test('events are made ahead, and none is missing, whenever the gateway dies', async t => {
  const { thread, failures } = startMakerThread(t, { batchBytes: 16 * 1024 })
  const counted = new Map<string, number>()
  const count: Meter['count'] = (name, labels, by = 1) => {
    const key = JSON.stringify([name, labels])
    if (name.startsWith('misp_')) counted.set(key, (counted.get(key) ?? 0) + by)
  }
  const feed = await mispWorld(t, { settings, meter: { count } })
  fill(feed)
  await feed.round()
  const countedHere = new Map(counted)
  t.ok([...countedHere.keys()].some(name => name.includes('misp_fallbacks')))
  const expected = content(await readServed(feed))

  counted.clear()
  const noted = noting()
  feed.restart({ documents: noted.documents, thread })
  await feed.round()
  t.strictSame(counted, countedHere, 'each is counted once')
  t.strictSame(content(await readServed(feed)), expected)
  const firstEvent = noted.first.get('event')!
  t.ok(firstEvent < noted.last.get('bucket')!, 'before the last objects are taken in')
  t.ok(firstEvent < noted.first.get('file')!, 'and before any event is listed')

  for (const commits of [firstEvent - 1, firstEvent, firstEvent + 2]) {
    feed.restart({ documents: newDocuments() })
    feed.dieAfter(commits)
    await t.rejects(feed.round(), `after ${commits} commits`)
    t.equal(await countOf(feed, 'file'), 0, 'nothing is listed yet')
    t.equal((await countOf(feed, 'event')) > 0, commits >= firstEvent)
    feed.restart()
    await feed.round()
    t.strictSame(content(await readServed(feed)), expected)
  }
  t.strictSame(failures, [])
})
