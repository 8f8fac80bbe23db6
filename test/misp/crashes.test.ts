import { createHash } from 'node:crypto'
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

/** Whenever a gateway dies, what was published stays whole, and the next one goes on (invariant 12). */

/** Hardly to be compressed: a hundred of them are more than one commit may hold. */
function longUrl(name: string): string {
  let path = ''
  for (let n = 0; path.length < 60_000; n++)
    path += createHash('sha512').update(`${name} ${n}`).digest('base64url')
  return `http://${name}.example.com/${path}`
}

/** An event that takes more than one commit, small ones, and one that is about to be dropped. */
async function fill(world: MispWorld): Promise<void> {
  for (let n = 0; n < 100; n++)
    addIndicator(world, '', { pattern: `[url:value = '${longUrl(`${n}`)}']` })
  const red = { object_marking_refs: [markings.red] }
  addReport(world, [addIndicator(world, 'small', red)], red)
  const ended = addIndicator(world, 'ended', { created: inDays(world, -2) })
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
const changes: [title: string, change: (world: MispWorld) => void][] = [
  ['one large event', world => revoke(world, 1000)],
  ['every event', world => revoke(world, 7)],
  ['nothing but the clock', () => {}]
]

t.setTimeout(120_000)

for (const [title, change] of changes) {
  for (const commitBytes of [1, 1_000_000])
    t.test(
      `a process that dies at any commit of ${commitBytes} bytes, after a change of ${title}`,
      async t => {
        const world = await mispWorld(t, { settings: { tombstoneMs: 3_600_000, commitBytes } })
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
            t.ok(commits > 1, `it takes ${commits} commits`)
            return
          }
          const left = await world.fetch('/manifest.json', {})
          t.equal(
            bodyText(left),
            before.files.get('/manifest.json'),
            `the manifest, after ${commits}`
          )
          const { events } = await readServed(world)
          t.ok(
            events.every(({ uuid, timestamp }) => timestamp >= before.manifest[uuid]!.timestamp),
            'what it lists is there'
          )
          world.restart()
          world.simulator.clock.advance(11_000)
          await world.round()
          t.strictSame(
            await pullAndCompare(world, mispOf(world)),
            [],
            'the next one makes up for it'
          )
        }
      }
    )
}
