import t from 'tap'
import { startMakerThread } from '../support/misp/maker-threads.ts'
import { mispWorld } from '../support/misp-scenes.ts'
import { readServed, type Served } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** During a first build a thread makes events while more of the feed is read: they are listed once all is there. */

// Pages of 2,000: each is committed before the next is read.
const settings = { maxChanges: 500, shardBits: 2 }
const simulator = { objects: 4500, historyDays: 40, bloat: false }

async function countOf({ documents, space }: MispWorld, table: string): Promise<number> {
  let count = 0
  for await (const batch of documents.scan(space, table)) count += batch.length
  return count
}

/** What does not depend on when an event was made, and on what of it was known by then. */
const content = ({ files }: Served) =>
  new Map([...files].map(([path, text]) => [path, text.replaceAll(/timestamp":"\d+"/g, '')]))

t.test('events are made ahead, and none is missing, whenever the gateway dies', async t => {
  const { thread, failures } = startMakerThread(t, { batchBytes: 16 * 1024 })
  const feed = await mispWorld(t, { settings, simulator })
  await feed.round()
  const expected = content(await readServed(feed))
  let madeAhead = 0
  for (const commits of [Number.POSITIVE_INFINITY, 8, 15, 21]) {
    const documents = newDocuments()
    feed.restart({ documents, thread })
    feed.dieAfter(commits)
    const isDead = await feed.round().then(
      () => false,
      () => true
    )
    t.equal(isDead, Number.isFinite(commits))
    if (isDead) {
      t.equal(await countOf(feed, 'file'), 0, 'nothing is listed yet')
      madeAhead = Math.max(madeAhead, await countOf(feed, 'event'))
      feed.restart()
      await feed.round()
    }
    t.strictSame(content(await readServed(feed)), expected)
  }
  t.ok(madeAhead > 0)
  t.strictSame(failures, [])
})
