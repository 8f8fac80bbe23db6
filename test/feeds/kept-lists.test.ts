import t from 'tap'
import { createCatalog } from '../../src/feeds/catalog.ts'
import { createKeptLists, readList } from '../../src/feeds/kept-lists.ts'
import { type ErrorKind, GatewayError } from '../../src/kernel/errors.ts'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { pageOf } from '../support/bodies.ts'
import { failure } from '../support/failure.ts'
import { catalogOptions, defaultFeedId, feedOf, uuid } from '../support/feeds.ts'
import { caller, callerOf } from '../support/sekoia-client.ts'

/** A list of feeds outlives the process (G7), for the keys that may see it alone (G5, G6). */

const feed = feedOf(uuid(1), { title: 'One' })

/** A process on a store, whose Sekoia fails as told. */
function start(documents: DocumentStore, says: { feeds?: ErrorKind; verify?: ErrorKind } = {}) {
  const failing = async (kind: ErrorKind | undefined) => {
    if (kind) throw new GatewayError(kind)
  }
  return createCatalog({
    upstream: {
      feeds: () => failing(says.feeds).then(() => [feed]),
      page: () => failing(says.feeds).then(() => pageOf([]))
    },
    ...catalogOptions,
    kept: createKeptLists(documents),
    verify: () => failing(says.verify)
  })
}

const settled = () => new Promise(resolve => setImmediate(resolve))

async function filled(): Promise<DocumentStore> {
  const documents = createMemoryDocuments({ maxBytes: 1_000_000 })
  await start(documents).list(caller)
  await settled()
  return documents
}

t.test('started while Sekoia is down: the list is that of before', async t => {
  const documents = await filled()
  for (const kind of ['unavailable', 'timeout', 'bad-answer'] as const) {
    const catalog = start(documents, { feeds: kind })
    t.same(
      (await catalog.list(caller)).map(({ feedId }) => feedId),
      [feed.id, defaultFeedId]
    )
    t.equal((await catalog.resolve(caller, feed.id)).title, 'One')
  }
})

t.test('another key, and one that Sekoia refused last, are shown nothing', async t => {
  const documents = await filled()
  const down = { feeds: 'unavailable' } as const
  await t.rejects(start(documents, down).list(callerOf('bob')), failure('unavailable'))
  const refused = start(documents, { ...down, verify: 'unauthorized' })
  await t.rejects(refused.list(caller), failure('unauthorized'))
})

t.test('a refusal ends what was kept', async t => {
  const documents = await filled()
  await t.rejects(start(documents, { feeds: 'unauthorized' }).list(caller), failure('unauthorized'))
  await settled()
  await t.rejects(start(documents, { feeds: 'unavailable' }).list(caller), failure('unavailable'))
})

t.test('a list is read as it was stored by version 1; any other format is none', async t => {
  const stored = `{"format":1,"feeds":[${JSON.stringify(feed)}]}`
  t.same(readList(Buffer.from(stored)), [feed])
  t.equal(readList(Buffer.from('{"format":2,"feeds":[]}')), undefined)
})
