import t from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { bodyText } from '../support/misp/feed-client.ts'
import {
  addIndicator,
  addReport,
  inDays,
  markings,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  wait
} from '../support/misp-scenes.ts'
import { readServed } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** Whenever a gateway dies, what was published stays whole, and the next one goes on (INV-12). */

/** Events of three days, a report, and an event that is about to be dropped. */
async function fill(world: MispWorld): Promise<void> {
  for (let n = 0; n < 30; n++) addIndicator(world, `${n}`, { created: inDays(world, -(n % 3)) })
  const red = { object_marking_refs: [markings.red] }
  addReport(world, [addIndicator(world, 'red', red)], red)
  const ended = addIndicator(world, 'ended', { created: inDays(world, -4) })
  await publish(world)
  world.simulator.edit(ended, { revoked: true })
  await publish(world)
  wait(world, 1 / 24)
}

const tables = ['state', 'bucket', 'dirty', 'event', 'head', 'hash', 'link', 'name', 'file']

async function copyOf(store: DocumentStore, space: string): Promise<DocumentStore> {
  const copy = newDocuments()
  for (const [expectedVersion, table] of tables.entries()) {
    const puts = []
    for await (const batch of store.scan(space, table))
      for (const { key, value } of batch) puts.push({ table, key, value })
    await copy.commit(space, { expectedVersion, puts, deletes: [] })
  }
  return copy
}

const revoke = ({ simulator }: MispWorld, every: number) => {
  for (const [n, { id, type }] of simulator.visible().entries())
    if (type === 'indicator' && n % every === 0) simulator.edit(id, { revoked: true })
}
const changes: [title: string, least: number, change: (world: MispWorld) => void][] = [
  ['one event', 3, world => revoke(world, 1000)],
  ['every event', 6, world => revoke(world, 5)],
  ['nothing but the clock', 3, () => {}]
]

for (const [title, least, change] of changes) {
  t.test(`a process that dies at any commit, after a change of ${title}`, async t => {
    // Each event is a commit of its own.
    const settings = { tombstoneMs: 3_600_000, commitBytes: 1 }
    const world = await mispWorld(t, { settings })
    await fill(world)
    const before = await readServed(world)
    const stored = world.documents
    change(world)
    for (let commits = 0; ; commits++) {
      world.restart({ documents: await copyOf(stored, world.space) })
      world.dieAfter(commits)
      world.simulator.clock.advance(11_000)
      const isDead = await world.round().then(
        () => false,
        () => true
      )
      if (!isDead) {
        t.ok(commits >= least, `it takes ${commits} commits`)
        return
      }
      const left = await world.fetch('/manifest.json', {})
      t.equal(bodyText(left), before.files.get('/manifest.json'), `the manifest, after ${commits}`)
      const { events } = await readServed(world)
      t.ok(
        events.every(({ uuid, timestamp }) => timestamp >= before.manifest[uuid]!.timestamp),
        'what it lists is there'
      )
      world.restart()
      const after = await publish(world)
      for (const { uuid, timestamp } of after.events)
        t.equal(after.manifest[uuid]!.timestamp, timestamp, 'the next one lists all that is new')
      t.strictSame(await pullAndCompare(world, mispOf(world)), [])
    }
  })
}
