import t, { type Test } from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { type GoldenRow, readGolden } from '../support/misp/golden-rows.ts'
import { dyingThread, type StartedThread, startMakerThread } from '../support/misp/maker-threads.ts'
import {
  addIndicator,
  addObject,
  addReport,
  dayMs,
  inDays,
  markings,
  mispWorld,
  relate
} from '../support/misp-scenes.ts'
import { readServed, type Served } from '../support/misp-served.ts'
import { type MispWorld, newDocuments } from '../support/misp-world.ts'

/** Large publications are made by a thread: what MISP gets is the same to the byte, whatever becomes of the thread. */

const levels = [markings.clear, markings.green, markings.amber, markings.red]

/** Every form of pattern, over forty days and four levels of TLP, with reports and what they are about. */
function fill(world: MispWorld): void {
  const rows = [...readGolden<GoldenRow>('indicators'), ...readGolden<GoldenRow>('field')]
  const malware = addObject(world, 'malware', { name: 'Example' })
  const ids = rows.map(({ stix }, n) =>
    addIndicator(world, `${n}`, {
      ...stix,
      created: inDays(world, -(n % 40)),
      valid_until: inDays(world, 1 + (n % 3)),
      object_marking_refs: [levels[n % 4]]
    })
  )
  for (const [n, id] of ids.entries()) if (n % 7 === 0) relate(world, id, malware)
  for (let n = 0; n < 5; n++) addReport(world, [malware, ...ids.slice(n * 10, n * 10 + 10)])
}

function change({ simulator }: MispWorld): void {
  const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
  for (const [n, { id }] of indicators.entries()) {
    if (n % 5 === 0) simulator.edit(id, { revoked: true })
    if (n % 5 === 1) simulator.edit(id, { name: `Changed ${n}` })
    if (n % 5 === 2) simulator.edit(id, { object_marking_refs: [markings.red] })
  }
}

/** What happens between publications: nothing, changes, an end of validity and a stamping, the end of tombstones. */
const turns: ((world: MispWorld) => void)[] = [
  () => {},
  change,
  ({ simulator }) => simulator.clock.advance(2 * dayMs),
  ({ simulator }) => simulator.clock.advance(400 * dayMs)
]

const settings = { restampMs: 3 * dayMs }

/** The files after each turn, made by the thread and made here. */
async function playBoth(t: Test, { thread }: StartedThread): Promise<[Served, Served][]> {
  const world = await mispWorld(t, { settings })
  fill(world)
  const beside: DocumentStore = newDocuments()
  const here: DocumentStore = newDocuments()
  const played: [Served, Served][] = []
  for (const turn of turns) {
    turn(world)
    world.simulator.clock.advance(11_000)
    world.restart({ documents: here, thread: undefined })
    await world.round()
    const expected = await readServed(world)
    world.restart({ documents: beside, thread })
    await world.round()
    played.push([await readServed(world), expected])
  }
  return played
}

function sameFiles(t: Test, played: readonly [Served, Served][]): void {
  for (const [found, expected] of played) {
    t.ok(expected.events.length > 16)
    t.strictSame(found.files, expected.files)
    t.strictSame(found.etags, expected.etags)
  }
}

t.test('a thread makes the same files, through changes, expiry and stamping anew', async t => {
  const started = startMakerThread(t)
  const played = await playBoth(t, started)
  sameFiles(t, played.slice(0, -1))
  const [found, expected] = played.at(-1)!
  t.strictSame(found.files, expected.files, 'and forgets the same')
  t.ok(started.thread.isRunning)
  t.strictSame(started.failures, [])
})

t.test('a thread that dies leaves nothing out: its batch, and the rest, are made here', async t => {
  const started = startMakerThread(t, { file: dyingThread })
  sameFiles(t, (await playBoth(t, started)).slice(0, -1))
  t.ok(started.failures.length > 0)
})

t.test('a thread that maps by other rules makes nothing', async t => {
  const data = { mapping: { defaultTlp: 'red' }, galaxiesDir: '' } as const
  const started = startMakerThread(t, { data })
  sameFiles(t, (await playBoth(t, started)).slice(0, -1))
  t.ok(started.failures.length > 0)
})
