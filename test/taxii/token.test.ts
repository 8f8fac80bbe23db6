import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { lastVersion, type VersionFilter } from '../../src/kernel/records.ts'
import { type Match, matchText, parseMatchText, typeAt } from '../../src/taxii/match.ts'
import { decodeToken, encodeToken, hashMatch, type NextToken } from '../../src/taxii/token.ts'
import { collectionA, stixId, uuid } from '../support/objects.ts'

const seed = 20_240_101
const position = {
  epoch: '0a0b0c0d',
  date: 1_704_067_260_001,
  natural: 1_704_067_260_000,
  segment: 7
}
const token: NextToken = {
  endpoint: 'objects',
  collectionId: collectionA,
  addedAfter: 1_704_067_200_000,
  match: {},
  position: { ...position, id: stixId('indicator', 1) }
}

/** The match in the form that decoding gives. */
const plain = (match: Match): Match => parseMatchText(matchText(match))

const type = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map(n => typeAt(n)!),
  fc.stringMatching(/^x-[a-z0-9-]{1,20}$/)
)
const sortedSet = (values: fc.Arbitrary<string>, maxLength: number) =>
  fc.uniqueArray(values, { minLength: 1, maxLength }).map(items => items.toSorted())
const versions = fc.constantFrom<VersionFilter>(
  lastVersion,
  { ...lastVersion, first: true },
  { ...lastVersion, last: false, all: true },
  { ...lastVersion, last: false, at: ['-37832780800.000000000', '01704067200.123456789'] }
)
const match = fc.record(
  {
    ids: sortedSet(
      fc.integer({ min: 0, max: 99 }).map(n => stixId('indicator', n)),
      5
    ),
    types: sortedSet(type, 41),
    versions,
    specVersions: sortedSet(fc.constantFrom('2.0', '2.1'), 2)
  },
  { requiredKeys: [], noNullPrototype: true }
)
const time = fc.integer({
  min: Date.parse('0000-01-01T00:00:00Z'),
  max: Date.UTC(9999, 11, 31, 23, 59, 59, 999)
})
const id = fc.tuple(type, fc.uuid({ version: 4 })).map(([name, uuid]) => `${name}--${uuid}`)
const epoch = fc.stringMatching(/^[0-9a-f]{8}$/)
const segment = fc.integer({ min: 1, max: 4_294_967_295 })
const anyToken: fc.Arbitrary<NextToken> = fc.record(
  {
    endpoint: fc.constantFrom('objects', 'manifest', 'object', 'versions'),
    collectionId: fc.uuid({ version: 4 }),
    addedAfter: fc.option(time, { nil: undefined }),
    match,
    position: fc.option(
      fc.record(
        {
          ...{ epoch, segment, date: time, natural: time, id }
        },
        { noNullPrototype: true }
      ),
      { nil: undefined }
    )
  },
  { noNullPrototype: true }
)

t.test('G3, CLIENT-3: a token holds its position and query in at most 200 characters', async t => {
  fc.assert(
    fc.property(anyToken, given => {
      const text = encodeToken(given)
      const read = decodeToken(text)!
      const isHashed = 'hash' in read.match
      t.match(text, /^[A-Za-z0-9_-]{1,200}$/)
      t.strictSame(read, {
        ...given,
        match: isHashed ? hashMatch(given.match as Match) : plain(given.match as Match)
      })
      t.equal(isHashed, matchText(given.match as Match).length > 60)
    }),
    { seed, numRuns: 300 }
  )
})

t.test(
  'a token names where its walk came to in other journals, as far as there is room',
  async t => {
    const other = (no: number) => ({
      epoch: `0000000${no}`,
      segment: no,
      date: position.date + no,
      id: stixId('indicator', no)
    })
    const others = [other(1), other(2), other(3)]
    const read = (given: NextToken) => decodeToken(encodeToken(given))!.position!.others
    const own = { ...position, id: stixId('indicator', 1), others }
    t.strictSame(read({ ...token, position: own }), others.slice(0, 2))
    const types = ['indicator', 'x-some-type-of-our-own', 'x-some-type-of-yours']
    t.equal(read({ ...token, match: { types }, position: own }), undefined)
    const custom = { ...own, others: [{ ...other(1), id: `x-own--${uuid(1)}` }] }
    t.strictSame(read({ ...token, position: custom }), [{ ...other(1), id: '' }])
  }
)

t.test('P-24: tokens of released formats stay readable', async t => {
  const version1 =
    'ASwvDW-ciltMPp0aCxwtPk9aQnjMJR9AAAAQdD11OCx4LW93bjtzPTIuMQoLDA0AAAAHQnjMJS3mEABCeMwlLeYAAAAAAAAAAEAAgAAAAAAAAAEGTxvoZd0eL7A'
  t.strictSame(decodeToken(version1), {
    ...token,
    match: plain({ types: ['indicator', 'malware', 'x-own'], specVersions: ['2.1'] })
  })
})

t.test('P-29: any byte flipped, cut or added is found', async t => {
  const bytes = Buffer.from(encodeToken(token), 'base64url')
  for (let at = 0; at < bytes.length; at += 1) {
    for (const bit of [1, 16, 128]) {
      const altered = Buffer.from(bytes)
      altered[at]! ^= bit
      t.equal(decodeToken(altered.toString('base64url')), undefined, `byte ${at}`)
    }
    t.equal(decodeToken(bytes.subarray(0, at).toString('base64url')), undefined)
  }
  t.equal(decodeToken(`${encodeToken(token)}AAAA`), undefined)
  t.equal(decodeToken('x'.repeat(100_000)), undefined)
})

t.test('P-29: a spelling that decodes to the same bytes is not the token', async t => {
  const text = encodeToken({ ...token, addedAfter: undefined, position: undefined })
  t.equal(decodeToken(text)?.collectionId, collectionA)
  for (const other of [`${text}=`, ` ${text}`, `${text.slice(0, -1)} ${text.at(-1)}`]) {
    t.equal(decodeToken(other), undefined, other)
  }
})

t.test(
  'T-B-1: forged content with a right checksum is no token, or one like any other',
  async t => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 140 }),
        fc.integer({ min: 0, max: 127 }),
        (rest, shape) => {
          const content = Buffer.concat([Buffer.from([1, shape]), rest])
          const checksum = createHash('sha256').update(content).digest().subarray(0, 8)
          const text = Buffer.concat([content, checksum]).toString('base64url')
          const read = decodeToken(text)
          if (read) t.equal(encodeToken(read), text)
        }
      ),
      { seed, numRuns: 2000 }
    )
  }
)

t.test(
  'an id that does not fit is left out, one that is not canonical is kept as text',
  async t => {
    const long = `x-${'a'.repeat(248)}--${uuid(1)}`
    for (const [id, kept] of [
      [stixId('indicator', 1), stixId('indicator', 1)],
      [stixId('x-custom-type', 1), stixId('x-custom-type', 1)],
      [stixId('indicator', 0xabc).toUpperCase(), stixId('indicator', 0xabc).toUpperCase()],
      ['odd', 'odd'],
      ['', ''],
      [long, '']
    ] as const) {
      const text = encodeToken({ ...token, position: { ...position, id } })
      t.strictSame(decodeToken(text)?.position, { ...position, id: kept })
      t.ok(text.length <= 200)
    }
  }
)

t.test('G3: versions in tokens of earlier releases are read as the same instants', async t => {
  t.strictSame(parseMatchText('v=1704067200.123456789').versions?.at, ['01704067200.123456789'])
})
