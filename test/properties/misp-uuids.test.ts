import fc from 'fast-check'
import t from 'tap'
import { parse, v5, validate, version } from 'uuid'
import { createScopes } from '../../src/auth/scope.ts'
import { ApiKey } from '../../src/kernel/caller.ts'
import { spaceOf } from '../../src/misp/build/tables.ts'
import { eventName, layoutOf, reportBucket } from '../../src/misp/events/bucket.ts'
import {
  attributeUuid,
  eventUuid,
  feedNamespace,
  objectUuid,
  relatedUuid,
  reportUuid
} from '../../src/misp/events/uuids.ts'
import { type Tlp, tlps } from '../../src/misp/mapping/model.ts'

/** Two things never share a uuid, whatever feed, layout, event or Object they are in (INV-6 and INV-18). */

interface Place {
  readonly feedId: string
  readonly shardBits: number
  readonly bucket: string
  readonly tlp: Tlp
  readonly part: number
}

interface Thing extends Place {
  readonly kind: 'event' | 'attribute' | 'object' | 'related' | 'report'
  readonly name: string
  readonly value: string
}

const text = fc.constantFrom('a', 'b', 'ab', 'é', '\ud800', '')
const thing: fc.Arbitrary<Thing> = fc.record({
  kind: fc.constantFrom('event', 'attribute', 'object', 'related', 'report'),
  feedId: fc.constantFrom('d6092c37', 'd6092c38'),
  shardBits: fc.constantFrom(0, 1, 4),
  bucket: fc.constantFrom(
    '16/day/2026-01-15/0',
    '16/day/2026-01-15/1',
    '16/day/2026-01-16/0',
    '16/report/report--1'
  ),
  tlp: fc.constantFrom(...tlps),
  part: fc.nat(2),
  name: fc.constantFrom('url', 'domain', 'md5'),
  value: text
})

function uuidOf({ kind, feedId, shardBits, bucket, tlp, part, name, value }: Thing): string {
  const namespace = feedNamespace(feedId, layoutOf(shardBits))
  const event = eventUuid(namespace, eventName(bucket, tlp, part))
  switch (kind) {
    case 'event':
      return event
    case 'attribute':
      return attributeUuid(event, name, value)
    case 'object':
      return objectUuid(event, name, value, part)
    case 'related':
      return relatedUuid(objectUuid(event, 'file', value, part), name, value)
    case 'report':
      return reportUuid(event, value)
  }
}

/** What a thing's uuid is to depend on. */
const identityOf = ({ kind, name, value, ...place }: Thing): string => {
  const own = kind === 'event' ? [] : kind === 'report' ? [value] : [name, value]
  return JSON.stringify([kind, ...Object.values(place), ...own])
}

t.test('uuids are version 5, in lower case, and as different as what they stand for', async t => {
  const property = fc.property(fc.array(thing, { maxLength: 100 }), things => {
    const uuids = new Map<string, string>()
    return things.every(each => {
      const uuid = uuidOf(each)
      const known = uuids.get(uuid)
      const identity = identityOf(each)
      uuids.set(uuid, identity)
      const isNew = known === undefined || known === identity
      return isNew && validate(uuid) && version(uuid) === 5 && uuid === uuid.toLowerCase()
    })
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_260_115, numRuns: 300 }))
})

t.test('reports are called the same however days are cut', async t => {
  t.equal(reportBucket(layoutOf(0), 'report--1'), reportBucket(layoutOf(5), 'report--1'))
})

t.test('a key has a space of its own for each feed', async t => {
  const toCaller = createScopes(Buffer.alloc(32, 7))
  const names = fc.tuple(fc.string({ minLength: 1 }), fc.string())
  const property = fc.property(
    fc.uniqueArray(names, { selector: pair => pair.join('\n') }),
    pairs => {
      const spaces = pairs.map(([key, feed]) => spaceOf(toCaller(new ApiKey(key)), feed))
      return (
        new Set(spaces).size === pairs.length &&
        spaces.every(space => /^[A-Za-z0-9._:-]+$/.test(space)) &&
        spaces.every((space, n) => pairs[n]![0].length < 9 || !space.includes(pairs[n]![0]))
      )
    }
  )
  t.doesNotThrow(() => fc.assert(property, { seed: 20_260_115, numRuns: 300 }))
})

t.test('a uuid is the version 5 that any library makes of the same bytes', async () => {
  const event = eventUuid(feedNamespace('feed', layoutOf(0)), 'event')
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('url', 'domain'),
      (value, type) => {
        const bytes = Buffer.from(`attr|${type}|${value}`)
        return attributeUuid(event, type, value) === v5(bytes, parse(event))
      }
    )
  )
})
