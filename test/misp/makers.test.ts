import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { type Maker, makerHere } from '../../src/misp/build/maker.ts'
import type { MadeBucket, Making, StoredBucket } from '../../src/misp/build/stored-bucket.ts'
import {
  dayBucket,
  emptyBucket,
  encodeBucket,
  putReport,
  putRow,
  reportBucket
} from '../../src/misp/events/bucket.ts'
import { toRow } from '../../src/misp/events/source-row.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { type GoldenRow, readGolden } from '../support/misp/golden-rows.ts'
import { startMakerThread } from '../support/misp/maker-threads.ts'
import { dayMs, markings } from '../support/misp-scenes.ts'
import { usualMapping } from '../support/misp-world.ts'

/** Whatever is stored, the thread makes of it what is made here. */

const patterns = [...readGolden<GoldenRow>('indicators'), ...readGolden<GoldenRow>('field')].map(
  ({ stix }) => stix
)
const start = Date.UTC(2026, 0, 15)
const threat = 'malware--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
const known: StixObject = { id: threat, type: 'malware', name: 'Exämple "1"' }
const unknown = 'campaign--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'

const indicator = fc.record({
  uuid: fc.uuid({ version: 4 }),
  stix: fc.oneof(
    fc.constantFrom(...patterns),
    fc.string({ unit: 'binary' }).map(pattern => ({ pattern, pattern_type: 'stix' }))
  ),
  name: fc.string({ unit: 'binary', maxLength: 20 }),
  level: fc.constantFrom(...Object.values(markings), 'marking-definition--unknown'),
  revoked: fc.boolean(),
  days: fc.integer({ min: -300, max: 100 }),
  indicates: fc.subarray([threat, unknown])
})
type Generated = typeof indicator extends fc.Arbitrary<infer T> ? T : never

const toStix = ({ uuid, stix, name, level, revoked, days }: Generated): StixObject => ({
  type: 'indicator',
  id: `indicator--${uuid}`,
  created: new Date(start).toISOString(),
  modified: new Date(start).toISOString(),
  valid_from: new Date(start).toISOString(),
  valid_until: new Date(start + days * dayMs).toISOString(),
  object_marking_refs: [level],
  revoked,
  name,
  ...stix
})

async function store(indicators: readonly Generated[], isReport: boolean): Promise<StoredBucket> {
  const reading = { now: start, publication: 0 }
  const rows = indicators.map(one => toRow(toStix(one), reading, one.indicates))
  const [first] = rows
  const id = `report--${indicators[0]?.uuid}`
  const bucket = emptyBucket(isReport ? reportBucket(16, id) : dayBucket(16, '2026-01-15', id))
  for (const row of rows) putRow(bucket, row)
  const object_refs = rows.map(({ stix }) => stix.id)
  if (isReport && first)
    putReport(bucket, toRow({ ...first.stix, type: 'report', id, object_refs }, reading))
  return { name: bucket.name, rows: await encodeBucket(bucket), published: [], restamped: [] }
}

/** The same with what was made as the last publication. */
const publishedAs = (stored: StoredBucket, made: MadeBucket): StoredBucket => ({
  ...stored,
  published: made.events.flatMap(({ made, file }) =>
    made && file ? [{ tlp: made.head.tlp, part: made.head.part, file }] : []
  )
})

const makingAt = (now: number): Making => ({
  feedId: 'feed',
  title: 'A feed',
  now,
  publication: 0,
  settings: { expiredMs: 30 * dayMs, tombstoneMs: 180 * dayMs, marginSeconds: 300 }
})

const plain = (made: readonly MadeBucket[]) => JSON.parse(JSON.stringify(made))

t.test('a thread makes what is made here, of generated indicators and reports', async t => {
  const { thread, failures } = startMakerThread(t)
  const makersAt = (now: number): [Maker, Maker] => {
    const find = async () => (id: string) => (id === threat ? known : undefined)
    const parts = { making: makingAt(now), mapping: usualMapping, find }
    return [makerHere(parts), thread.maker(parts)]
  }
  const bucket = fc.record({
    indicators: fc.array(indicator, { minLength: 1, maxLength: 8 }),
    isReport: fc.boolean()
  })
  const property = fc.asyncProperty(
    fc.array(bucket, { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 0, max: 250 }),
    async (buckets, laterDays) => {
      const stored = await Promise.all(
        buckets.map(({ indicators, isReport }) => store(indicators, isReport))
      )
      const [here, beside] = makersAt(start)
      const made = await here.make(stored, 7)
      t.strictSame(plain(await beside.make(stored, 7)), plain(made))
      const published = stored.map((one, i) => publishedAs(one, made[i]!))
      const [laterHere, laterBeside] = makersAt(start + laterDays * dayMs)
      t.strictSame(
        plain(await laterBeside.make(published, 70)),
        plain(await laterHere.make(published, 70))
      )
      t.strictSame(
        plain(await here.make(stored, 7)),
        plain(made),
        'what was given is as it was: the thread has copies'
      )
    }
  )
  await fc.assert(property, { seed: 20_260_115, numRuns: 30 })
  t.strictSame(failures, [])
})

t.test('a thread that has nothing to do ends, and another one starts', async t => {
  const { thread, failures } = startMakerThread(t, { idleMs: 1 })
  const find = async () => () => undefined
  const maker = thread.maker({ making: makingAt(start), mapping: usualMapping, find })
  const empty = { name: emptyBucket('16/day/2026-01-15/0').name, published: [], restamped: [] }
  for (let n = 0; n < 2; n++) {
    await maker.make([{ ...empty, rows: undefined }], 7)
    while (thread.isRunning) await delay(5)
  }
  t.strictSame(failures, [])
})
