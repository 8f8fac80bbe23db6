import fc from 'fast-check'
import t from 'tap'
import {
  lastVersion,
  type ObjectVersion,
  type Position,
  type RecordFilter
} from '../../src/kernel/records.ts'
import { foundPosition, pageLength, selectFound } from '../../src/taxii/object-versions.ts'
import { stixId } from '../support/objects.ts'

const seed = 20_240_101
const all = { ...lastVersion, last: false, all: true }
const everything = {
  types: [],
  filter: { versions: all, specVersions: undefined },
  addedAfter: undefined
}

const found = (n: number, minute: number, date: number, fields: Partial<ObjectVersion> = {}) => ({
  id: stixId('indicator', n),
  type: 'indicator',
  version: `2024-01-01T00:0${minute}:00.000Z`,
  specVersion: '2.1',
  date,
  bytes: Buffer.from('{}'),
  isLast: true,
  isFirst: true,
  ...fields
})

/** Up to 40 records whose dates are often equal; several versions of one id among them. */
const records = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 9 }), fc.nat({ max: 6 })), {
    maxLength: 40,
    selector: ([n, minute]) => `${n} ${minute}`
  })
  .map(rows => rows.map(([n, minute, date]) => found(n, minute, date + 1_704_067_200_000)))

function walk(held: readonly ObjectVersion[], limit: number, maxBytes: number) {
  const pages: ObjectVersion[][] = []
  for (let position: Position | undefined; ; ) {
    const rest = selectFound(held, { ...everything, position })
    const length = pageLength(rest, limit, maxBytes)
    pages.push(rest.slice(0, length))
    if (length === rest.length) return pages
    position = foundPosition(rest[length - 1]!)
  }
}

t.test('P-1, P-7: a walk over looked-up records is sorted and gives each record once', async t => {
  fc.assert(
    fc.property(
      records,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 7, 1000),
      (held, limit, maxBytes) => {
        const pages = walk(held, limit, maxBytes)
        const received = pages.flat()
        t.equal(received.length, held.length)
        t.equal(new Set(received).size, held.length)
        t.strictSame(
          received.map(({ date }) => date),
          received.map(({ date }) => date).toSorted()
        )
        for (const page of pages) t.ok(page.length <= limit)
      }
    ),
    { seed, numRuns: 200 }
  )
})

t.test(
  'P-10, P-12: a page with more is full, or ends before a small group of equal dates',
  async t => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 12 }), (held, limit) => {
        const pages = walk(held, limit, 1_000_000)
        pages.slice(0, -1).forEach((page, n) => {
          const next = pages[n + 1]![0]!
          const isSplit = page.at(-1)!.date === next.date
          const group = pages
            .slice(n)
            .flat()
            .filter(({ date }) => date === next.date).length
          if (isSplit) t.ok(group > limit / 2 || page[0]!.date === next.date)
          t.ok(page.length === limit || (!isSplit && page.length >= limit / 2))
        })
      }),
      { seed, numRuns: 200 }
    )
  }
)

t.test('D-20: first and last are those of the wanted spec versions', async t => {
  const held = [
    found(1, 1, 1, { specVersion: '2.0', isLast: false }),
    found(1, 2, 2, { specVersion: '2.0', isLast: false, isFirst: false }),
    found(1, 3, 3, { isFirst: false })
  ]
  const select = (filter: Partial<RecordFilter>, fields: object = {}) =>
    selectFound(held, {
      ...everything,
      filter: { ...everything.filter, ...filter },
      position: undefined,
      ...fields
    }).map(({ date }) => date)
  const old = { specVersions: new Set(['2.0']) }
  t.strictSame(select({ versions: lastVersion }), [3])
  t.strictSame(select({ versions: lastVersion, ...old }), [2])
  t.strictSame(select({ versions: { ...lastVersion, last: false, first: true }, ...old }), [1])
  t.strictSame(select({ versions: lastVersion }, { types: ['malware'] }), [])
  t.strictSame(select({}, { addedAfter: 1 }), [2, 3])
})
