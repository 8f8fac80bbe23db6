import t, { type Test } from 'tap'
import type { Page } from '../../src/kernel/ports.ts'
import type { SekoiaClient, SekoiaClientOptions } from '../../src/sekoia/client.ts'
import { failure } from '../support/failure.ts'
import { fakeServer, json, type Script, silence, text } from '../support/fake-server.ts'
import { caller, clientOf, summingMeter } from '../support/sekoia-client.ts'

t.setTimeout(120_000)

/** Pages that cannot be had whole: asked for in smaller parts, and single objects left out (issue B). */

const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const start = Date.UTC(2026, 0, 1)

interface FeedOptions {
  size: number
  /** What is answered in place of a page that holds one of these objects. */
  readonly bad?: readonly number[]
  readonly instead?: Script
  /** False: other formats have no cursor. */
  readonly hasTextCursor?: boolean
  /** Other formats have no cursor on the last page, which says that it is the last. */
  readonly isLastTold?: boolean
  /** Seconds after the start at which the nth object was modified. */
  readonly secondsOf?: (no: number) => number
  readonly isDescending?: boolean
  /** Sekoia is in trouble: everything is answered by `instead`. */
  isDown?: boolean
}

const objectAt = (no: number, seconds: number) => ({
  type: 'indicator',
  spec_version: '2.1',
  id: `indicator--00000000-0000-4000-8000-${String(no).padStart(12, '0')}`,
  modified: new Date(start + seconds * 1000).toISOString()
})

/** A feed whose cursors are the times of the last object, as Sekoia's seem to be (SEKOIA-3.3). */
function feedOf(options: FeedOptions): Script {
  const { bad = [], instead = silence, hasTextCursor = true, isDescending = false } = options
  const { secondsOf = no => no } = options
  return (incoming, response) => {
    const all = Array.from({ length: options.size }, (_, no) => objectAt(no, secondsOf(no)))
    if (isDescending) all.reverse()
    const query = new URL(incoming.url!, 'http://x').searchParams
    const after = Date.parse(query.get('cursor') ?? query.get('modified_after') ?? '1970-01-01')
    const isBehind = (time: number) =>
      isDescending && query.has('cursor') ? time < after : time > after
    const from = all.findIndex(({ modified }) => isBehind(Date.parse(modified)))
    const items = from < 0 ? [] : all.slice(from, from + Number(query.get('limit')))
    const next_cursor = items.at(-1)?.modified ?? query.get('cursor')
    if (query.get('format') === 'text' && !options.isDown) {
      const isLast = from < 0 || from + items.length === all.length
      const isGiven = hasTextCursor && next_cursor && !(isLast && options.isLastTold)
      const cursor = isGiven ? { cursor: next_cursor } : {}
      return text('x\n', { headers: { 'content-type': 'text/plain', ...cursor } })(
        incoming,
        response
      )
    }
    const isBad = items.some(({ id }) => bad.includes(Number(id.slice(-12))))
    const script = isBad || options.isDown ? instead : json({ items, next_cursor })
    script(incoming, response)
  }
}

const tooLong = text(`{"items":[],"x":"${'x'.repeat(1_100_000)}"}`)

interface Walk {
  readonly numbers: number[]
  readonly limits: (number | undefined)[]
}

async function walk(client: SekoiaClient, limit = 16, pages = 200): Promise<Walk> {
  const numbers: number[] = []
  const limits: (number | undefined)[] = []
  let cursor: string | undefined
  for (let i = 0; i < pages; i++) {
    const page: Page = await client.page(caller, {
      feedId,
      types: [],
      limit,
      ...(cursor !== undefined && { cursor })
    })
    numbers.push(...page.entries.map(({ id }) => Number(id.slice(-12))))
    limits.push(page.limit)
    if (page.nextCursor === null || page.nextCursor === cursor) break
    cursor = page.nextCursor
  }
  return { numbers: [...new Set(numbers)], limits }
}

const upTo = (size: number, ...without: number[]) =>
  Array.from({ length: size }, (_, no) => no).filter(no => !without.includes(no))

async function clientFor(
  t: Test,
  feed: FeedOptions,
  options: Partial<SekoiaClientOptions> = {}
): Promise<{ client: SekoiaClient; server: Awaited<ReturnType<typeof fakeServer>> }> {
  const server = await fakeServer(t, feedOf(feed))
  return { server, client: clientOf(t, server.url, { maxAttempts: 1, ...options }) }
}

const kinds: Readonly<Record<string, { script: Script; client?: Partial<SekoiaClientOptions> }>> = {
  'too large': { script: tooLong },
  'not readable': { script: text('{"items":[{"id"') },
  'not answered in time': { script: silence, client: { totalTimeoutMs: 300 } }
}

for (const [name, { script: instead, client: options }] of Object.entries(kinds))
  for (const hasTextCursor of [true, false])
    t.test(
      `an object whose pages are ${name} is left out ${hasTextCursor ? 'by a cursor of another format' : 'by its time'}, counted and told once`,
      async t => {
        const meter = summingMeter()
        const lines: object[] = []
        const logger = {
          warn: (fields: object, message: string) => lines.push({ message, ...fields })
        }
        const feed = { size: 40, bad: [21], instead, hasTextCursor }
        const { client } = await clientFor(t, feed, { meter, logger, ...options })
        const { numbers } = await walk(client)
        t.same(numbers, upTo(40, 21))
        t.equal(meter.sums['objects_skipped'], 1)
        const told = lines.filter(line => /left out/.test((line as { message: string }).message))
        t.match(told, [{ feed: feedId, after: objectAt(20, 20).modified }])
        t.equal(told.length, 1)
      }
    )

t.test('around such an object pages become smaller and grow again, at few calls', async t => {
  const { client, server } = await clientFor(t, { size: 4096, bad: [1500], instead: tooLong })
  const { numbers, limits } = await walk(client, 2000)
  t.same(numbers, upTo(4096, 1500))
  t.ok(server.requests.length < 60, `${server.requests.length} calls`)
  t.equal(limits[0], 1000)
  t.ok(limits.includes(1))
  t.equal(limits.at(-1), undefined)
})

t.test('pages that are only too large together lose nothing', async t => {
  const instead: Script = (incoming, response) => {
    const limit = Number(new URL(incoming.url!, 'http://x').searchParams.get('limit'))
    const script = limit > 5 ? tooLong : feedOf({ size: 40 })
    script(incoming, response)
  }
  const { client } = await clientFor(t, { size: 40, bad: upTo(40), instead })
  t.same((await walk(client)).numbers, upTo(40))
})

t.test('while Sekoia is in trouble no object is left out, however small the page', async t => {
  for (const [name, { script: instead, client: options }] of Object.entries(kinds)) {
    const meter = summingMeter()
    const feed: FeedOptions = { size: 40, instead }
    const { client } = await clientFor(t, feed, { meter, ...options })
    await walk(client, 16, 1)
    feed.isDown = true
    for (let i = 0; i < 3; i++)
      await t.rejects(client.page(caller, { feedId, types: [], limit: 16 }), Error, name)
    feed.isDown = false
    t.same((await walk(client)).numbers, upTo(40), name)
    t.equal(meter.sums['objects_skipped'], undefined, name)
  }
})

t.test('trouble that ends while an object is given up does not cost the object', async t => {
  let failures = 0
  const instead: Script = (incoming, response) => {
    const isOver = ++failures > 3
    const script = isOver ? feedOf({ size: 4 }) : tooLong
    script(incoming, response)
  }
  const { client } = await clientFor(t, { size: 4, bad: [2], instead })
  t.same((await walk(client, 2)).numbers, upTo(4))
})

t.test('objects of one time are not torn apart by small pages', async t => {
  const secondsOf = (no: number) => (no >= 8 && no < 11 ? 8 : no)
  const { client } = await clientFor(t, { size: 40, bad: [11], instead: tooLong, secondsOf })
  t.same((await walk(client)).numbers, upTo(40, 11))
})

t.test(
  'an object that cannot be had at the end of a feed is its end, until something follows',
  async t => {
    const meter = summingMeter()
    const feed = { size: 8, bad: [7], instead: tooLong, hasTextCursor: false }
    const { client } = await clientFor(t, feed, { meter })
    t.same((await walk(client, 4)).numbers, upTo(7))
    t.same((await walk(client, 4)).numbers, upTo(7))
    t.equal(meter.sums['objects_skipped'], 1, 'counted once')
    feed.size = 10
    t.same((await walk(client, 4)).numbers, upTo(10, 7))
  }
)

t.test(
  'an object that cannot be had is not sought by time in a feed that comes newest first',
  async t => {
    const feed = { size: 8, bad: [0], instead: tooLong, hasTextCursor: false, isDescending: true }
    const { client } = await clientFor(t, feed)
    await t.rejects(walk(client, 4), failure('bad-answer'))
  }
)

t.test('at the end of a feed that comes newest first, too, it is the end', async t => {
  const feed = { size: 8, bad: [0], instead: tooLong, isLastTold: true, isDescending: true }
  const { client } = await clientFor(t, feed)
  const newestFirst = upTo(8, 0).toReversed()
  t.same((await walk(client, 4)).numbers, newestFirst)
  const behind = { feedId, types: [], limit: 4, cursor: objectAt(1, 1).modified }
  for (let again = 0; again < 3; again++) {
    const { itemCount, nextCursor } = await client.page(caller, behind)
    t.equal(itemCount, 0)
    t.equal(nextCursor, behind.cursor)
  }
})

t.test('nor does one that is ahead of our clock hide what lies below it', async t => {
  const centuryOn = 100 * 366 * 86_400
  const secondsOf = (no: number) => (no === 7 ? centuryOn : no)
  const feed = { size: 8, bad: [7], instead: tooLong, isDescending: true, secondsOf }
  const { client } = await clientFor(t, feed, { maxBodyBytes: 1_000_000 })
  t.same((await walk(client, 16, 20)).numbers.sort(), upTo(7))
})
