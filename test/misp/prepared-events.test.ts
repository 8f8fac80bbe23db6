import t from 'tap'
import type { DocumentStore, Meter } from '../../src/kernel/ports.ts'
import { startMakerThread } from '../support/misp/maker-threads.ts'
import { addIndicator, inDays, mispWorld } from '../support/misp-scenes.ts'
import { readServed, type Served } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** During a first build a thread makes events while more of the feed is read: they are listed once all is there. */

// Pages of 2,000: each is committed before the next is read.
const settings = { maxChanges: 500, shardBits: 2 }
const indicators = 6200
const days = 40

/**
 * Day after day, and at the end more of the first days. One in fifty has a pattern that goes out whole, one in ten a
 * value that others have, too.
 */
function fill(world: MispWorld): void {
  for (let n = 0; n < indicators; n++) {
    const day = n < indicators - 100 ? Math.floor((n * days) / indicators) : n % 10
    addIndicator(world, n % 10 === 0 ? `shared-${n % 7}` : `${n}`, {
      created: inDays(world, day - days),
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

/** A store that notes which tables each of its commits wrote to. */
function noting() {
  const documents = newDocuments()
  const commits: string[][] = []
  const commit: DocumentStore['commit'] = (space, change) => {
    commits.push([...new Set(change.puts.map(({ table }) => table))])
    return documents.commit(space, change)
  }
  return { documents: { ...documents, commit }, commits }
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
  const isOf = (table: string) => (tables: readonly string[]) => tables.includes(table)
  const first = noted.commits.findIndex(isOf('event'))
  const goesOn = noted.commits.findIndex((tables, n) => n > first && isOf('bucket')(tables))
  t.ok(first < goesOn, 'before the last objects are taken in')
  t.ok(goesOn < noted.commits.findIndex(isOf('file')), 'and before any event is listed')

  for (const commits of [first + 1, goesOn]) {
    feed.restart({ documents: newDocuments() })
    feed.dieAfter(commits)
    await t.rejects(feed.round(), `after ${commits} commits`)
    t.equal(await countOf(feed, 'file'), 0, 'nothing is listed yet')
    t.ok((await countOf(feed, 'event')) > 0, 'but made')
    feed.restart()
    await feed.round()
    t.strictSame(content(await readServed(feed)), expected)
  }
  t.strictSame(failures, [])
})
