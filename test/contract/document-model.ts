import * as fc from 'fast-check'
import type { Test } from 'tap'
import type { DocumentCommit, DocumentStore } from '../../src/kernel/ports.ts'
import { scanned } from './document-scans.ts'
import type { OpenDocuments } from './open-documents.ts'

/**
 * Any sequence of operations by several writers does to a {@link DocumentStore} what it does to maps. Writers commit
 * from the version they know, which others may have left behind.
 */

type Change = Omit<DocumentCommit, 'expectedVersion'>

type Step =
  | { readonly kind: 'look'; readonly space: string; readonly writer: number }
  | {
      readonly kind: 'commit'
      readonly space: string
      readonly writer: number
      readonly change: Change
    }
  /** Several commits at the same time, from the version that is. */
  | { readonly kind: 'race'; readonly space: string; readonly changes: readonly Change[] }
  | { readonly kind: 'read'; readonly space: string; readonly table: string }
  | { readonly kind: 'drop'; readonly space: string }

const spaces = ['one', 'two']
const tables = ['events', 'objects']
const space = fc.constantFrom(...spaces)
const table = fc.constantFrom(...tables)
const writer = fc.nat({ max: 2 })
const key = fc.oneof(fc.nat({ max: 5 }).map(String), fc.string({ unit: 'binary', maxLength: 2 }))
const value = fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes))
const change: fc.Arbitrary<Change> = fc.record({
  puts: fc.array(fc.record({ table, key, value }), { maxLength: 6 }),
  deletes: fc.array(fc.record({ table, key }), { maxLength: 4 })
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look'), space, writer }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit'), space, writer, change }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('race'),
      space,
      changes: fc.array(change, { minLength: 2, maxLength: 4 })
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read'), space, table }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop'), space }) }
)

/** What a space should be. */
class Model {
  version = 0
  readonly #tables = new Map(tables.map(name => [name, new Map<string, Buffer>()]))
  /** What each writer believes the version to be. */
  readonly known = [0, 0, 0]

  table(name: string): Map<string, Buffer> {
    return this.#tables.get(name)!
  }

  apply({ puts, deletes }: Change): void {
    for (const { table, key } of deletes) this.table(table).delete(key)
    for (const { table, key, value } of puts) this.table(table).set(key, value)
    this.version++
  }

  drop(): void {
    for (const documents of this.#tables.values()) documents.clear()
    this.version = 0
  }
}

export function documentModel(t: Test, open: OpenDocuments) {
  t.test('any sequence of operations by several writers does what it does to maps', async t => {
    const store = await open(t)
    const sequence = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      for (const space of spaces) await store.drop(space)
      const models = new Map(spaces.map(space => [space, new Model()]))
      for (const step of steps) await run(t, store, models.get(step.space)!, step)
      for (const [space, model] of models) {
        for (const table of tables) await compare(t, store, model, space, table)
      }
    })
    await t.resolves(fc.assert(sequence, { seed: 20_261_124, numRuns: 100 }))
  })
}

async function run(t: Test, store: DocumentStore, model: Model, step: Step): Promise<void> {
  const { kind, space } = step
  if (kind === 'look') model.known[step.writer] = await store.version(space)
  if (kind === 'read') await compare(t, store, model, space, step.table)
  if (kind === 'drop') {
    await store.drop(space)
    model.drop()
  }
  if (kind === 'commit') {
    const expectedVersion = model.known[step.writer]!
    const isFirst = await store.commit(space, { expectedVersion, ...step.change })
    t.equal(isFirst, expectedVersion === model.version)
    if (isFirst) model.apply(step.change)
  }
  if (kind === 'race') {
    const expectedVersion = model.version
    const commits = step.changes.map(change => store.commit(space, { expectedVersion, ...change }))
    const results = await Promise.all(commits)
    t.equal(results.filter(Boolean).length, 1)
    model.apply(step.changes[results.indexOf(true)]!)
  }
}

async function compare(t: Test, store: DocumentStore, model: Model, space: string, table: string) {
  const documents = model.table(table)
  t.equal(await store.version(space), model.version)
  t.same(await scanned(store, space, table), documents)
  const keys = ['0', '1', 'unknown', ...documents.keys()]
  t.same(
    await store.get(space, table, keys),
    keys.map(key => documents.get(key))
  )
}
