import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { startWorld, type World } from '../support/gateway.ts'

/** What a walk promises while nothing changes upstream (P-1, P-3, P-7, P-8, P-10, P-12, P-13, P-22, P-25). */

interface Shape {
  readonly seed: number
  readonly objects: number
  readonly ties: readonly number[]
  readonly order: 'text' | 'instant'
  readonly pageLimit: number
  readonly limits: readonly number[]
  readonly cacheMaxBytes: number
  readonly historyMs: number
}

const shape: fc.Arbitrary<Shape> = fc.record({
  seed: fc.nat(1_000_000),
  objects: fc.integer({ min: 0, max: 150 }),
  ties: fc.array(fc.integer({ min: 2, max: 9 }), { maxLength: 4 }),
  order: fc.constantFrom('text', 'instant'),
  pageLimit: fc.constantFrom(20, 37, 2000),
  limits: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 3 }),
  cacheMaxBytes: fc.constantFrom(1, 16_000_000),
  historyMs: fc.constantFrom(1000, 3_600_000, 40 * 86_400_000)
})

interface Row {
  readonly id: string
  readonly date: string
  readonly version: string
}

interface Walk {
  readonly rows: readonly Row[]
  readonly pages: readonly (readonly Row[])[]
}

const now = Date.UTC(2026, 0, 15, 12)

function withWorld(check: (world: World, shape: Shape) => Promise<void>) {
  return async (shape: Shape) => {
    const world = await startWorld({
      simulator: {
        now,
        seed: shape.seed,
        objects: shape.objects,
        from: now - 300_000 - shape.historyMs,
        order: shape.order,
        bloat: false
      },
      logs: { pageLimit: shape.pageLimit, assumeTies: true, cacheMaxBytes: shape.cacheMaxBytes }
    })
    try {
      for (const count of shape.ties) world.simulator.ties(count)
      await check(world, shape)
    } finally {
      await world.close()
    }
  }
}

/** Follows `next` on the manifest, which tells each record's date; objects must agree with it. */
async function walk(world: World, limit: number, between = async () => {}): Promise<Walk> {
  const pages: Row[][] = []
  let next = ''
  for (;;) {
    const query = `limit=${limit}${next}`
    const manifest = await world.get(`manifest/?${query}`)
    const rows: Row[] = manifest.body.objects.map(
      (row: { id: string; date_added: string; version: string }) => ({
        id: row.id,
        date: row.date_added,
        version: row.version
      })
    )
    pages.push(rows)
    await between()
    if (!manifest.body.more) return { rows: pages.flat(), pages }
    if (rows.length === 0) throw new Error('P-9: a page with more is empty')
    next = `&next=${manifest.body.next}`
  }
}

const settings = { seed: 20_260_116, numRuns: 60 }

t.setTimeout(600_000)

t.test(
  'P-7, P-1: each matching record comes exactly once and in order, for every limit',
  async t => {
    const check = withWorld(async (world, { limits }) => {
      const expected = world.simulator.visible().map(({ id }) => id)
      for (const limit of limits) {
        const { rows, pages } = await walk(world, limit)
        assert.deepEqual(rows.map(({ id }) => id).sort(), expected.toSorted(), `limit ${limit}`)
        assert.deepEqual(
          rows.map(({ date }) => date),
          rows.map(({ date }) => date).toSorted(),
          'dates ascend'
        )
        for (const page of pages.slice(0, -1)) {
          const isFull = page.length === limit
          assert.ok(
            isFull || page.length >= limit / 2,
            'P-10: full, or half full before a tie (P-12)'
          )
        }
      }
    })
    await fc.assert(fc.asyncProperty(shape, check), settings)
    t.pass(`${settings.numRuns} feeds`)
  }
)

t.test('P-3, P-23: objects, manifest and every restart agree on a record’s date', async t => {
  const check = withWorld(async (world, { limits }) => {
    const first = await walk(world, limits[0]!)
    const second = await walk(world, limits[1]!, () => world.restart())
    assert.deepEqual(second.rows, first.rows)
    const objects = await world.get('objects/?limit=200')
    assert.deepEqual(
      objects.body.objects.map(({ id }: { id: string }) => id),
      first.rows.map(({ id }) => id)
    )
    if (first.rows.length === 0) return
    assert.equal(objects.headers['x-taxii-date-added-first'], first.rows[0]!.date)
    assert.equal(objects.headers['x-taxii-date-added-last'], first.rows.at(-1)!.date)
  })
  await fc.assert(fc.asyncProperty(shape, check), settings)
  t.pass(`${settings.numRuns} feeds`)
})

t.test('P-13, P-6: the last header, cut to milliseconds, continues like next', async t => {
  const check = withWorld(async (world, { limits }) => {
    // Wide enough for the largest group of equal dates: smaller pages have to split it (P-12).
    const limit = 100 + limits[0]!
    const { pages } = await walk(world, limit)
    for (const page of pages) {
      const last = page.at(-1)
      if (!last) continue
      const rest = pages.slice(pages.indexOf(page) + 1).flat()
      const cut = last.date.replace(/\d{3}Z$/, 'Z')
      const answer = await world.get(`manifest/?limit=200&added_after=${cut}`)
      assert.deepEqual(
        answer.body.objects.map(({ id }: { id: string }) => id),
        rest.slice(0, answer.body.objects.length).map(({ id }) => id)
      )
      assert.equal(answer.body.objects.length > 0, rest.length > 0)
    }
  })
  await fc.assert(fc.asyncProperty(shape, check), settings)
  t.pass(`${settings.numRuns} feeds`)
})

t.test('P-22, P-25: polls of an unchanged feed are empty, and a token repeats itself', async t => {
  const check = withWorld(async (world, { limits }) => {
    const first = await world.get(`objects/?limit=${limits[0]}`)
    if (first.body.more) {
      const again = () => world.get(`objects/?limit=${limits[0]}&next=${first.body.next}`)
      const [one, two] = [await again(), await again()]
      assert.equal(one.text, two.text)
    }
    const { rows } = await walk(world, 60)
    const last = rows.at(-1)?.date ?? '2026-01-01T00:00:00.000000Z'
    for (let poll = 0; poll < 3; poll++) {
      world.simulator.clock.advance(11_000)
      const answer = await world.get(`objects/?added_after=${last}`)
      assert.deepEqual(answer.body, { more: false, objects: [] })
      assert.equal(answer.headers['x-taxii-date-added-last'], last)
    }
  })
  await fc.assert(fc.asyncProperty(shape, check), settings)
  t.pass(`${settings.numRuns} feeds`)
})
