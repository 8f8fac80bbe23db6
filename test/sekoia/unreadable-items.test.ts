import t from 'tap'
import type { DocumentStore, UnreadableItem } from '../../src/kernel/ports.ts'
import { UnreadableItems } from '../../src/sekoia/unreadable-items.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { fakeServer, text } from '../support/fake-server.ts'
import { stixId } from '../support/objects.ts'
import { caller, clientOf, summingMeter } from '../support/sekoia-client.ts'

const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const place = { feedId, cursor: 'c1' }
const noon = Date.UTC(2026, 0, 15, 12)
const clock = { now: () => noon, sleep: async () => {} }

const itemOf = (n: number, bytes = Buffer.from(`{"id":${n}`)): UnreadableItem => ({
  index: n,
  fault: 'json',
  id: stixId('indicator', n),
  bytes
})

function keeper(documents: DocumentStore = createMemoryDocuments({ maxBytes: 2 ** 26 })) {
  const lines: Record<string, unknown>[] = []
  const meter = summingMeter()
  const logger = { warn: (fields: object) => lines.push({ ...fields }) }
  return {
    items: new UnreadableItems({ documents, clock, meter, logger }),
    lines,
    meter,
    documents
  }
}

t.test('an item is counted, logged with its place and id, and kept', async t => {
  const { items, lines, meter } = keeper()
  await items.note(place, [itemOf(3)])
  t.same(lines, [
    { ...place, index: 3, fault: 'json', id: stixId('indicator', 3), size: 7, kept: true }
  ])
  t.equal(meter.sums['stix_items_unreadable{json}'], 1)
  const [kept] = await items.list()
  t.match(kept, { ...place, index: 3, fault: 'json', at: noon, size: 7 })
  t.equal(Buffer.from(kept!.bytes, 'base64').toString(), '{"id":3')
})

t.test('it is told once, also by the next process', async t => {
  const { items, lines, documents } = keeper()
  await items.note(place, [itemOf(1)])
  await items.note({ ...place, cursor: 'c2' }, [itemOf(1)])
  t.equal(lines.length, 1)
  const next = keeper(documents)
  await next.items.note(place, [itemOf(1), itemOf(2)])
  t.same(
    next.lines.map(({ index }) => index),
    [2]
  )
  await next.items.note({ ...place, feedId: 'another' }, [itemOf(1)])
  t.equal(next.lines.length, 2, 'of another feed it is another')
})

t.test('the latest 200 are kept, each up to 64 kB', async t => {
  const { items } = keeper()
  await items.note(place, [itemOf(0, Buffer.alloc(100_000, 0x61))])
  t.match(await items.list(), [
    { size: 100_000, bytes: Buffer.alloc(65_536, 0x61).toString('base64') }
  ])
  const many = Array.from({ length: 250 }, (_, n) => itemOf(n + 1))
  await items.note(place, many)
  t.same(
    (await items.list()).map(({ index }) => index),
    Array.from({ length: 200 }, (_, n) => n + 51)
  )
})

t.test('two processes on one store keep what each of them met', async t => {
  const first = keeper()
  const second = keeper(first.documents)
  const numbers = Array.from({ length: 20 }, (_, n) => n)
  await Promise.all([
    first.items.note(
      place,
      numbers.map(n => itemOf(n))
    ),
    second.items.note(
      place,
      numbers.map(n => itemOf(n + 10))
    )
  ])
  t.equal((await first.items.list()).length, 30)
})

t.test('a store in trouble costs the copy, not the line in the log', async t => {
  const broken: DocumentStore = {
    ...createMemoryDocuments({ maxBytes: 2 ** 26 }),
    version: () => Promise.reject(new Error('down'))
  }
  const { items, lines, meter } = keeper(broken)
  await items.note(place, [itemOf(1)])
  await items.note(place, [itemOf(1)])
  t.match(lines, [{ index: 1, kept: false }])
  t.equal(meter.sums['stix_items_unreadable{json}'], 1)
})

const sound = `{"type":"tool","spec_version":"2.1","id":"${stixId('tool', 1)}"}`
const damaged = `{"type":"tool","spec_version":"2.1","id":"${stixId('tool', 2)}","x":NaN}`
const bodyOf = (...items: string[]) => `{"items":[${items.join(',')}],"next_cursor":"c2"}`
const request = { feedId, types: [], limit: 2000, cursor: 'c1' }

t.test('a page with a damaged item comes without it, asked for twice when it is new', async t => {
  const server = await fakeServer(t, text(bodyOf(damaged, sound)))
  const { items, lines } = keeper()
  const client = clientOf(t, server.url, { unreadable: items })
  const page = await client.page(caller, request)
  t.equal(page.bytes.toString(), sound)
  t.equal(page.nextCursor, 'c2')
  t.equal(page.itemCount, 2)
  t.equal(server.requests.length, 2)
  await items.note(place, [])
  t.match(lines, [{ ...place, index: 0, id: stixId('tool', 2), fault: 'json' }])
  await client.page(caller, request)
  t.equal(server.requests.length, 3)
})

t.test('what was damaged on the way only is there at the second attempt', async t => {
  const repaired = bodyOf(damaged.replace('NaN', '1'), sound)
  const server = await fakeServer(t, text(bodyOf(damaged, sound)), text(repaired))
  const { items, lines } = keeper()
  const client = clientOf(t, server.url, { unreadable: items })
  t.equal((await client.page(caller, request)).entries.length, 2)
  await items.note(place, [])
  t.same(lines, [])
})

t.test('sound JSON that is no object is not asked for again', async t => {
  const server = await fakeServer(t, text(bodyOf('null', sound)))
  const { items, lines } = keeper()
  const page = await clientOf(t, server.url, { unreadable: items }).page(caller, request)
  t.equal(page.entries.length, 1)
  await items.note(place, [])
  t.equal(server.requests.length, 1)
  t.match(lines, [{ index: 0, fault: 'not-stix', id: undefined }])
})
