import t from 'tap'
import { ok, ts6 } from '../support/expect.ts'
import {
  C,
  collectionEmpty,
  currentIds,
  indicator1,
  M,
  O,
  R,
  twoVersions8
} from '../support/objects.ts'
import { buildTaxiiServer } from '../support/taxii-server.ts'

const empty = `${R}collections/${collectionEmpty}/`
const resources = [
  '/taxii2/',
  R,
  `${R}collections/`,
  C,
  M,
  `${M}?limit=2`,
  `${O}${twoVersions8}/versions/`,
  `${empty}objects/`,
  `${empty}manifest/`
]

/** Every value at TAXII level; STIX objects are not looked into. */
function* values(value: unknown): Generator<unknown> {
  yield value
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) yield* values(member)
  }
}

t.test('data types and property names (TAXII 2.1 §2, §3.8)', async t => {
  const server = await buildTaxiiServer(t)
  const body = async (url: string) => ok(t, await server.get(url), url)

  t.test('T-2-1: collection ids are lower-case version 4 UUIDs', async t => {
    const { collections } = await body(`${R}collections/`)
    const v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    for (const { id } of collections) t.match(id, v4)
  })

  t.test(
    'T-2-2: date_added is a TAXII timestamp, versions keep the text of the object',
    async t => {
      for (const { date_added } of (await body(M)).objects) t.match(date_added, ts6)
      const versions = (await body(M)).objects.map(({ version }) => version)
      t.ok(versions.includes('2024-01-01T00:03:00Z'))
      t.ok(versions.includes('2024-01-01T00:04:00.123456Z'))
    }
  )

  t.test('T-2-3, T-2-6: no empty list and no null at TAXII level', async t => {
    for (const url of resources) {
      for (const value of values(await body(url))) {
        t.not(value, null, url)
        t.notOk(Array.isArray(value) && value.length === 0, url)
      }
    }
  })

  t.test('T-2-4: booleans are literals', async t => {
    const collection = await body(C)
    t.strictSame([collection['can_read'], collection['can_write']], [true, false])
    for (const url of [O, `${O}?limit=1`, M, `${O}${indicator1}/versions/`]) {
      t.type((await body(url)).more, 'boolean', url)
    }
  })

  t.test('T-2-5: max_content_length is a safe integer', async t => {
    t.ok(Number.isSafeInteger((await body(R))['max_content_length']))
  })

  t.test('T-3.8-1, T-7.1.1-1: names are exactly those of the standard', async t => {
    const names = new Set<string>()
    for (const url of resources) {
      for (const value of values(await body(url))) {
        if (typeof value === 'object' && !Array.isArray(value)) {
          for (const key of Object.keys(value as object)) names.add(key)
        }
      }
    }
    t.strictSame([...names].sort(), [
      ...['alias', 'api_roots', 'can_read', 'can_write', 'collections', 'date_added', 'default'],
      ...['description', 'id', 'max_content_length', 'media_type', 'media_types', 'more', 'next'],
      ...['objects', 'title', 'version', 'versions']
    ])
  })
})

t.test('sorting (TAXII 2.1 §3.3)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-3.3-1: objects and manifest ascend by date added, in the same order', async t => {
    const { objects } = ok(t, await server.get(M))
    const dates = objects.map(entry => entry.date_added)
    t.strictSame(dates, dates.toSorted())
    t.strictSame(
      objects.map(({ id }) => id),
      currentIds
    )
    t.strictSame(
      ok(t, await server.get(O)).objects.map(({ id }) => id),
      currentIds
    )
  })

  t.test('T-3.3-2: also across pages', async t => {
    const dates: string[] = []
    for (let next = ''; ; ) {
      const page = ok(t, await server.get(`${M}?limit=2&next=${next}`))
      dates.push(...page.objects.map(entry => entry.date_added))
      if (!page.more) break
      next = page.next
    }
    t.equal(dates.length, currentIds.length)
    t.strictSame(dates, dates.toSorted())
  })

  t.test('T-3.3-3, I-2.1.7: collections come in ascending id, each time', async t => {
    const list = async () =>
      ok(t, await server.get(`${R}collections/`)).collections.map(({ id }) => id)
    const first = await list()
    t.strictSame(first, first.toSorted())
    t.strictSame(await list(), first)
  })
})
