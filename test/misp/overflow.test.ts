import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { atOnce } from '../../src/kernel/give-way.ts'
import type { Meter } from '../../src/kernel/ports.ts'
import { type Bucket, emptyBucket } from '../../src/misp/events/bucket.ts'
import { type DerivedBucket, derive } from '../../src/misp/events/derive.ts'
import { type RenderedEvent, renderBucket } from '../../src/misp/events/event.ts'
import { toRow } from '../../src/misp/events/source-row.ts'
import { feedNamespace } from '../../src/misp/events/uuids.ts'
import { attributeCount, type EventBody } from '../../src/misp/events/wire.ts'
import { createMapping } from '../../src/misp/mapping/mapping.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { addIndicator, mispOf, mispWorld, publish, pullAndCompare } from '../support/misp-scenes.ts'
import { lifeOf, placeOf, placesOf } from '../support/misp-served.ts'
import { stixId } from '../support/objects.ts'

/** Events that would grow too large go on in further parts (MISP-4, INV-7 and INV-17). */

const now = Date.UTC(2026, 0, 15, 12)
const maxAttributes = 5
const mapping = createMapping({ defaultTlp: 'green', galaxies: undefined })

/** A bucket that is published again and again, a day apart each time. */
class Day {
  readonly #bucket: Bucket = emptyBucket('16/day/2026-01-15/0')
  #published: readonly RenderedEvent[] = []
  #days = 0
  #issued = 0

  put(n: number, pattern: string, members: Record<string, unknown> = {}): void {
    const object: StixObject = {
      id: stixId('indicator', n),
      type: 'indicator',
      modified: new Date(now + this.#days * 86_400_000 + n).toISOString(),
      pattern,
      pattern_type: 'stix',
      ...members
    }
    this.#bucket.rows.set(object.id, toRow(object, { now, publication: 0 }))
  }

  #derived(): DerivedBucket {
    return atOnce(derive(this.#bucket, mapping, () => undefined))
  }

  /** Values that are to be shown. */
  live(): string[] {
    const rows = this.#derived().rows.filter(({ gone }) => !gone)
    return rows
      .flatMap(({ attributes, objects }) => [...attributes, ...objects.flatMap(o => o.values)])
      .map(({ value }) => value)
  }

  publish(): EventBody[] {
    this.#days++
    const work = renderBucket(this.#derived(), this.#published, {
      now: now + this.#days * 86_400_000,
      namespace: feedNamespace('feed', 16),
      title: 'Feed',
      expiredMs: 0,
      tombstoneSeconds: 3 * 86_400,
      marginSeconds: 300,
      maxAttributes,
      issue: () => now / 1000 + this.#days * 86_400 + ++this.#issued
    })
    const rendered = atOnce(work)
    this.#published = rendered.filter(({ isEmpty }) => !isEmpty)
    return this.events
  }

  get events(): EventBody[] {
    return this.#published.map(({ event }) => event)
  }
}

const domain = (n: number) => `${n}.example.org`
const domains = (...numbers: number[]) =>
  `[${numbers.map(n => `domain-name:value = '${domain(n)}'`).join(' OR ')}]`
const md5 = (n: number) => n.toString(16).padStart(32, '0')
const sha1 = (n: number) => n.toString(16).padStart(40, '0')
const file = (...numbers: number[]) =>
  `[${numbers.map(n => `file:hashes.MD5 = '${md5(n)}' OR file:hashes.'SHA-1' = '${sha1(n)}'`).join(' OR ')}]`
const file3 = (n: number) =>
  file(n).replace(']', ` OR file:hashes.'SHA-256' = '${n.toString(16).padStart(64, '0')}']`)

const placeIn = (events: readonly EventBody[], value: string) => {
  const { event, attribute } = placeOf({ events }, value)
  return [event.info, lifeOf(attribute)]
}
const [first, second, third] = ['', ' part 2', ' part 3'].map(
  suffix => `Feed 2026-01-15 TLP:GREEN${suffix}`
)

t.test('what does not fit into an event goes into further parts', async t => {
  const day = new Day()
  for (let n = 0; n < 12; n++) day.put(n, domains(n))
  const events = day.publish()
  t.strictSame(events.map(attributeCount), [5, 5, 2])
  t.strictSame(
    events.map(({ info }) => info),
    [first, second, third]
  )
  t.equal(new Set(events.map(({ uuid }) => uuid)).size, 3)
  t.equal(new Set(events.map(({ timestamp }) => timestamp)).size, 3)
  const values = events.flatMap(({ Attribute }) => Attribute.map(({ value }) => value))
  t.strictSame(values.sort(), Array.from({ length: 12 }, (_, n) => domain(n)).sort(), 'each once')
})

t.test('in which part a value is does not depend on the order in which it came', async t => {
  const [one, two] = [new Day(), new Day()]
  for (let n = 0; n < 12; n++) {
    one.put(n, domains(n))
    two.put(11 - n, domains(11 - n))
  }
  t.strictSame(two.publish(), one.publish())
})

t.test('an event that is just full has no further part', async t => {
  const day = new Day()
  for (let n = 0; n < 5; n++) day.put(n, domains(n))
  t.strictSame(day.publish().map(attributeCount), [5])
  t.strictSame(day.publish().map(attributeCount), [5])
})

t.test('what was published stays where it is', async t => {
  const day = new Day()
  for (let n = 0; n < 12; n++) day.put(n + 10, domains(n))
  const before = day.publish()
  t.strictSame(day.publish(), before, 'nothing changed')

  day.put(1, domains(100), {})
  const after = day.publish()
  t.strictSame(after.slice(0, 2), before.slice(0, 2), 'what comes first in order takes no place')
  t.strictSame(placeIn(after, domain(100)), [third, 'live'], 'but goes where there is room')
})

t.test('a tombstone keeps its place, and is restored in it', async t => {
  const day = new Day()
  for (let n = 0; n < 6; n++) day.put(n, domains(n))
  day.publish()
  day.put(0, domains(0), { revoked: true })
  t.strictSame(placeIn(day.publish(), domain(0)), [first, 'deleted'])
  day.put(7, domains(7))
  t.strictSame(
    placeIn(day.publish(), domain(7)),
    [second, 'live'],
    'it takes room until it is gone'
  )
  day.put(0, domains(0))
  t.strictSame(placeIn(day.publish(), domain(0)), [first, 'live'])
})

t.test('room that tombstones leave is taken again', async t => {
  const day = new Day()
  for (let n = 0; n < 6; n++) day.put(n, domains(n))
  day.publish()
  day.put(0, domains(0), { revoked: true })
  for (let days = 0; days < 5; days++) day.publish()
  day.put(7, domains(7))
  t.strictSame(placeIn(day.publish(), domain(7)), [first, 'live'])
  t.strictSame(day.events.map(attributeCount), [5, 1])
})

t.test('a first part of which nothing is left leaves the others as they are', async t => {
  const day = new Day()
  for (let n = 0; n < 6; n++) day.put(n, domains(n))
  const [, last] = day.publish()
  for (let n = 0; n < 5; n++) day.put(n, domains(n), { revoked: true })
  for (let days = 0; days < 5; days++) day.publish()
  t.strictSame(day.events, [last])
  day.put(8, domains(8))
  t.strictSame(placeIn(day.publish(), domain(8)), [first, 'live'])
  t.strictSame(placeIn(day.events, domain(5)), [second, 'live'])
})

t.test('an Object is not divided', async t => {
  const day = new Day()
  for (let n = 1; n <= 3; n++) day.put(n, file(n))
  const events = day.publish()
  t.strictSame(
    events.map(event => event.Object.map(({ Attribute }) => Attribute.length)),
    [[2, 2], [2]]
  )
})

t.test('an Object that grows stays while there is room', async t => {
  const day = new Day()
  for (let n = 1; n <= 4; n++) day.put(n, file(n))
  day.publish()
  day.put(3, file3(3))
  const events = day.publish()
  t.strictSame(events.map(attributeCount), [4, 5])
  t.strictSame(placeIn(events, md5(3)), [second, 'live'])
})

t.test(
  'an Object that grows out of a full part is taken back there, and goes on in another',
  async t => {
    const day = new Day()
    day.put(1, file(1))
    day.put(2, file3(2))
    day.put(3, file(3))
    day.publish()
    day.put(1, file3(1))
    const moved = day.publish()
    t.ok(
      moved.every(event => attributeCount(event) <= maxAttributes),
      'no part is too large'
    )
    const lives = (events: readonly EventBody[]) =>
      placesOf({ events }, md5(1)).map(
        ({ event, attribute }) => `${event.info}: ${lifeOf(attribute)}`
      )
    t.strictSame(lives(moved), [`${first}: deleted`, `${second}: live`])
    const uuids = placesOf({ events: moved }, md5(1)).map(({ attribute }) => attribute.uuid)
    t.not(uuids[0], uuids[1], 'under another uuid')
    t.strictSame(day.publish(), moved, 'and stays there')
    day.put(1, file(1))
    t.strictSame(lives(day.publish()), lives(moved), 'also when it would fit again')
    for (let days = 0; days < 4; days++) day.publish()
    t.strictSame(lives(day.events), [`${second}: live`], 'for good')
  }
)

t.test('whatever happens, no part is too large, and no uuid and no value moves', async t => {
  const change = fc.record({
    n: fc.nat(9),
    pattern: fc.oneof(
      fc.uniqueArray(fc.nat(15), { minLength: 1, maxLength: 3 }).map(all => domains(...all)),
      fc.nat(9).map(file),
      fc.nat(9).map(file3)
    ),
    revoked: fc.boolean()
  })
  const publications = fc.array(fc.array(change, { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(publications, all => {
        const day = new Day()
        const homes = new Map<string, string>()
        for (const changes of all) {
          for (const { n, pattern, revoked } of changes) day.put(n, pattern, { revoked })
          const events = day.publish()
          if (events.some(event => attributeCount(event) > maxAttributes)) return false
          const lives = events.flatMap(event => [
            ...event.Attribute,
            ...event.Object.flatMap(object => object.Attribute)
          ])
          const live = lives.filter(each => !each.deleted).map(({ value }) => value)
          if (!isDeepStrictEqual(new Set(live), new Set(day.live()))) return false
          for (const { uuid, Attribute, Object: objects } of events)
            for (const child of [...Attribute, ...objects]) {
              if ((homes.get(child.uuid) ?? uuid) !== uuid) return false
              homes.set(child.uuid, uuid)
            }
        }
        return true
      }),
      { seed: 20_260_115, numRuns: 300 }
    )
  )
})

t.test('ten thousand values of one day are two events, and a MISP is in sync', async t => {
  const counted: string[] = []
  const meter: Meter = { count: name => counted.push(name) }
  const world = await mispWorld(t, { meter })
  const misp = mispOf(world)
  const address = (n: number) => `198.18.${n >> 8}.${n & 255}`
  const pattern = (from: number) =>
    `[${Array.from({ length: 64 }, (_, n) => `ipv4-addr:value = '${address(from + n)}'`).join(' OR ')}]`
  const ids = Array.from({ length: 157 }, (_, n) =>
    addIndicator(world, `${n}`, { pattern: pattern(n * 64) })
  )
  const before = await publish(world)
  t.strictSame(before.events.map(attributeCount), [9_999, 157 * 64 - 9_999])
  t.ok(counted.includes('misp_large_events'))
  const { totals } = JSON.parse(
    (await world.documents.get(world.space, 'state', ['state']))[0]!.toString()
  )
  t.match(totals, { events: 2, indicators: 157, merged: 0, live: 157 * 64 })
  world.simulator.edit(ids[0]!, { pattern: pattern(40_000) })
  const after = await publish(world)
  t.strictSame(after.events.map(attributeCount).sort(), [113, 9_999].sort())
  t.strictSame(await pullAndCompare(world, misp), [])
})
