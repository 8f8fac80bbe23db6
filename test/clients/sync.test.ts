import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { tlp } from '../../src/demo/corpus/context.ts'
import { defaultFeedId } from '../../src/demo/feeds/feeds.ts'
import type { Visible } from '../../src/demo/handle.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/demo/simulator.ts'
import { constantCreated } from '../../src/stix/markings.ts'
import { toInstant } from '../../src/stix/timestamp.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'
import { bundleFiles } from '../support/sample-bundle.ts'

/** taxii2-client against the gateway as its user starts it, in front of a simulated Sekoia. */

interface Received {
  readonly id: string
  readonly version: string
  readonly revoked: boolean
}

interface Sync {
  readonly default: string
  readonly roots: {
    readonly title: string
    readonly collections: {
      readonly id: string
      readonly title: string
      readonly pages: number[]
      readonly objects: Received[]
    }[]
  }[]
}

interface Details {
  readonly manifest: {
    readonly id: string
    readonly date_added: string
    readonly version: string
  }[]
  readonly object: { readonly id: string; readonly name: string }[]
  /** By version, ascending: what asking for just that one gives. */
  readonly versions: Record<string, { readonly id: string; readonly modified: string }[]>
}

t.setTimeout(pythonTimeoutMs)
preparePython()

t.test('a simulated feed of 20,000 objects', t =>
  follow(t, { objects: 20_000, to: Date.UTC(2025, 0, 1) })
)

for (const { title, path } of bundleFiles(t)) t.test(title, t => follow(t, { file: path }))

t.test('the key as Basic password, or after `Token`, is accepted; a wrong one is not', async t => {
  const { simulator, discovery } = await start(t, { objects: 10 })
  for (const scheme of ['basic', 'token']) {
    const { objects } = await sync([discovery, simulator.key, '--scheme', scheme])
    t.equal(objects.length, 10, scheme)
  }
  const wrong = sync([discovery, 'wrong-key'])
  await t.rejects(wrong, { message: /401 Client Error/ })
})

/** A user's life with one feed: everything, then twice what is new, then the details; and another user's start. */
async function follow(t: Test, options: SimulatorOptions): Promise<void> {
  const { simulator, discovery } = await start(t, options)
  const access = [discovery, simulator.key]
  const store = new Map<string, Received>()

  await t.test('a full sync through discovery gives every object once', async t => {
    const { objects, pages } = await sync([...access, '--per-request', '2000'])
    t.equal(objects.length, simulator.size)
    t.ok(pages.every(size => size > 0 && size <= 2000))
    sameVersions(t, objects, simulator.visible())
    keep(store, objects)
  })

  await t.test('a sync from the time of the full one gives what changed since, only', async t => {
    await changesArrive(t, { simulator, access, store, addedAfter: new Date().toISOString() })
  })

  await t.test('a sync from the last `date_added` of the manifest gives what is newer', async t => {
    const { manifest } = await runScript<Details>('details.py', [...access, anyId(simulator)])
    sameVersions(t, manifest, simulator.visible())
    const dates = manifest.map(entry => entry.date_added)
    t.strictSame(dates, dates.toSorted(), 'ascending')
    await changesArrive(t, { simulator, access, store, addedAfter: dates.at(-1)! })
  })

  await t.test('an object and its versions are found by id', async t => {
    const id = anyId(simulator)
    const { object, versions } = await runScript<Details>('details.py', [...access, id])
    const truth = simulator.get(id)!
    t.match(object, [{ id, name: truth['name'] }])
    const listed = Object.keys(versions)
    t.equal(toInstant(listed.at(-1)!), toInstant(String(truth['modified'])), 'the current is last')
    t.strictSame(listed, listed.toSorted(), 'ascending')
    for (const [modified, found] of Object.entries(versions)) t.match(found, [{ id, modified }])
  })

  await t.test(
    'the full sync and the changes add up to the feed, as does a new full sync',
    async t => {
      sameVersions(t, [...store.values()], simulator.visible())
      const { objects } = await sync(access)
      sameVersions(t, objects, simulator.visible())
    }
  )
}

async function start(t: Test, options: SimulatorOptions) {
  const simulator = await startSimulator(options)
  t.teardown(() => simulator.close())
  const env = { SEKOIA_URL: simulator.url, FEED_LOG_TIP_SECONDS: '1' }
  return { simulator, ...(await startGateway(t, env)) }
}

/** The one collection that a feed without others gives. */
async function sync(args: readonly string[]) {
  const { roots, ...server } = await runScript<Sync>('sync.py', args)
  const collection = roots[0]?.collections[0]
  const found = roots.flatMap(({ collections }) => collections.map(({ id }) => id))
  const isDefault = server.default === new URL('/sekoia/', args[0]).href
  if (collection === undefined || String(found) !== defaultFeedId || !isDefault) {
    throw new Error(`unexpected discovery: ${JSON.stringify({ found, ...server })}`)
  }
  return collection
}

interface ChangeOptions {
  readonly simulator: Simulator
  readonly access: readonly string[]
  readonly store: Map<string, Received>
  readonly addedAfter: string
}

/** Changes the feed, then polls from the given time on until the client has all of it. */
async function changesArrive(t: Test, options: ChangeOptions): Promise<void> {
  const { simulator, access, store, addedAfter } = options
  const changed = change(simulator)
  const truth = simulator.visible().filter(({ id }) => changed.has(id))
  let objects: Received[] = []
  for (let polls = 0; polls < 60 && objects.length < truth.length; polls += 1) {
    await delay(50)
    objects = (await sync([...access, '--added-after', addedAfter, '--per-request', '5'])).objects
  }
  sameVersions(t, objects, truth)
  const revoked = objects.filter(({ id }) => simulator.get(id)?.['revoked'] === true)
  t.ok(revoked.length >= 2 && revoked.every(object => object.revoked), 'revocations arrive')
  keep(store, objects)
}

/** Adds seven objects, edits four, revokes two and gives the ids. */
function change(simulator: Simulator): Set<string> {
  const editable = simulator.visible().filter(({ type }) => type === 'indicator')
  const pick = (share: number) => editable[Math.floor(share * (editable.length - 1))]!.id
  const edited = [0, 0.3, 0.6, 0.9].map(pick)
  const revoked = [0.1, 0.5].map(pick)
  const added = simulator.add(7)
  for (const id of edited) simulator.edit(id, { description: 'Edited' })
  for (const id of revoked) simulator.revoke(id)
  return new Set([...added, ...edited, ...revoked])
}

const anyId = (simulator: Simulator): string =>
  simulator.visible().findLast(({ type }) => type === 'indicator')!.id

function keep(store: Map<string, Received>, objects: readonly Received[]): void {
  for (const object of objects) store.set(object.id, object)
}

const constants: ReadonlySet<string> = new Set(Object.values(tlp))

/** The markings that STIX fixes go out as it has them. */
const versionOf = ({ id, modified }: Pick<Visible, 'id' | 'modified'>): string =>
  constants.has(id) ? constantCreated : modified

/** The same objects in the same versions, each once; times compared as instants, since repair may add digits. */
function sameVersions(
  t: Test,
  received: readonly { readonly id: string; readonly version: string }[],
  truth: readonly { readonly id: string; readonly modified: string }[]
): void {
  const got = received.map(({ id, version }) => `${id} ${toInstant(version)}`)
  const wanted = truth.map(object => `${object.id} ${toInstant(versionOf(object))}`)
  const gotSet = new Set(got)
  const wantedSet = new Set(wanted)
  t.equal(got.length, wanted.length, 'count')
  t.equal(gotSet.size, got.length, 'no repeats')
  t.strictSame(wanted.filter(entry => !gotSet.has(entry)).slice(0, 5), [], 'nothing is missing')
  t.strictSame(got.filter(entry => !wantedSet.has(entry)).slice(0, 5), [], 'nothing is foreign')
}
