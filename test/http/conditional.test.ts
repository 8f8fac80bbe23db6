import fc from 'fast-check'
import t from 'tap'
import { createTag, isHeld, type TagDeps } from '../../src/http/conditional.ts'
import type { FakeObject } from '../support/fake-records.ts'
import { collectionA, M, O, R, sdo, stixId } from '../support/objects.ts'
import { basic, buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const parts: TagDeps = { scope: 'a', url: '/o/', representation: 'taxii', content: 'c1' }
const tag = createTag(parts)
const opaque = tag.slice(3, -1)

t.test('RFC 9110 §8.8.3: a tag is weak, and the same for the same parts', async t => {
  t.match(tag, /^W\/"[0-9a-f]{32}"$/)
  t.equal(createTag({ ...parts }), tag)
})

t.test('a tag changes with each of its parts', async t => {
  for (const name of Object.keys(parts)) t.not(createTag({ ...parts, [name]: 'other' }), tag, name)
})

t.test('RFC 9110 §13.1.2: the comparison is weak, over lists, and `*` is any', async t => {
  for (const given of [
    tag,
    `"${opaque}"`,
    '*',
    ' * ',
    `"x", ${tag}`,
    `W/"a,b" ,"${opaque}","y"`,
    `"x",W/"${opaque}"`
  ])
    t.equal(isHeld(given, tag), true, given)
})

t.test('what compressing proxies put behind a tag is not looked at', async t => {
  for (const suffix of ['-gzip', '--gzip', ';gzip', '-br', '-GZIP', '-zstd', ':gzip', '+deflate'])
    for (const weak of ['', 'W/']) t.equal(isHeld(`${weak}"${opaque}${suffix}"`, tag), true, suffix)
})

t.test('other tags, parts of the tag and what is no tag do not match', async t => {
  for (const given of [
    undefined,
    '',
    '"x"',
    '""',
    opaque,
    `"${opaque.slice(1)}"`,
    `"${opaque}0"`,
    `"${opaque}-gzipped"`,
    `"${opaque}gzip"`,
    `"${opaque}-gzip-gzip"`,
    `"0${opaque}"`,
    `"${opaque}`,
    '"*"',
    '*, "x"'
  ])
    t.equal(isHeld(given, tag), false, String(given))
})

const endpoints = [
  '/taxii2/',
  R,
  `${R}collections/`,
  `${R}collections/${collectionA}/`,
  O,
  `${O}?limit=2`,
  M,
  `${O}${stixId('indicator', 1)}/`,
  `${O}${stixId('indicator', 1)}/versions/`
]

t.test('H-5: all resources have a tag, and are 304 without a body to who sends it', async t => {
  const server = await buildTaxiiServer(t)
  for (const url of endpoints) {
    const first = await server.get(url)
    const given = String(first.headers['etag'])
    t.match(given, /^W\/"[0-9a-f]{32}"$/, url)
    for (const method of ['GET', 'HEAD'] as const) {
      const headers = { authorization: credentials, 'if-none-match': given }
      const again = await server.send({ method, url, headers })
      t.equal(again.statusCode, 304, url)
      t.equal(again.body, '', url)
      for (const name of ['content-type', 'content-length', 'content-encoding'])
        t.equal(again.headers[name], undefined, `${url} ${name}`)
      for (const name of ['etag', 'vary', 'cache-control', 'x-taxii-date-added-first'])
        t.equal(again.headers[name], first.headers[name], `${url} ${name}`)
      t.equal(again.headers['x-taxii-date-added-last'], first.headers['x-taxii-date-added-last'])
    }
    t.equal((await server.get(url, { 'if-none-match': '"x"' })).statusCode, 200, url)
  }
})

t.test('an answer may be kept by its client alone, and is asked for each time', async t => {
  const server = await buildTaxiiServer(t)
  for (const url of endpoints)
    t.equal((await server.get(url)).headers['cache-control'], 'private, no-cache', url)
})

t.test('G5, G6: a key that may not see the page never gets 304', async t => {
  const server = await buildTaxiiServer(t)
  server.records.keys.add('other-key')
  server.records.forbidden.add(`other-key ${collectionA}`)
  const held = String((await server.get(O)).headers['etag'])
  for (const given of [held, '*']) {
    const ask = async (authorization?: string) =>
      (await server.get(O, { authorization, 'if-none-match': given })).statusCode
    t.equal(await ask(undefined), 401)
    t.equal(await ask(basic('any', 'wrong-key')), 401)
    t.equal(await ask(basic('any', 'other-key')), 403)
    t.equal(await ask(credentials), 304)
  }
  server.records.keys.delete('valid-key')
  t.equal((await server.get(O, { 'if-none-match': held })).statusCode, 401)
})

t.test('tags differ by key, by URL and by mode, for the same content', async t => {
  const [strict, field] = [
    await buildTaxiiServer(t),
    await buildTaxiiServer(t, { settings: { mode: 'field' } })
  ]
  strict.records.keys.add('other-key')
  const answers = [
    await strict.get(O),
    await strict.get(`${O}?limit=100`),
    await strict.get(O, { authorization: basic('any', 'other-key') }),
    await field.get(O)
  ]
  for (const { body } of answers) t.equal(body, answers[0]!.body)
  t.equal(new Set(answers.map(({ headers }) => headers['etag'])).size, answers.length)
})

t.test('a failure has no tag, and is never 304', async t => {
  const server = await buildTaxiiServer(t)
  for (const url of [`${O}?limit=0`, `${O}nope/`, `${R}nope/`]) {
    const { statusCode, headers } = await server.get(url, { 'if-none-match': '*' })
    t.ok(statusCode >= 400, url)
    t.equal(headers['etag'], undefined, url)
  }
})

/** A version of one of four objects; its `text` may change while its `modified` does not. */
const version = fc
  .record({
    n: fc.integer({ min: 1, max: 4 }),
    second: fc.integer({ min: 0, max: 3 }),
    added: fc.integer({ min: 0, max: 3 }),
    text: fc.constantFrom('a', 'b'),
    spec: fc.constantFrom('2.0', '2.1')
  })
  .map(({ n, second, added, text, spec }): FakeObject => {
    const modified = new Date(Date.UTC(2024, 0, 1, 0, 0, second)).toISOString()
    const object = sdo('indicator', n, { modified, name: text, spec_version: spec })
    return { object, date: Date.UTC(2024, 0, 1, 0, 1, added) }
  })

const feed = fc.uniqueArray(version, {
  maxLength: 5,
  selector: ({ object }) => `${object.id} ${object['modified']} ${object['spec_version']}`
})

type Edit = (objects: readonly FakeObject[]) => readonly FakeObject[]

const at = fc.nat(4)
const edit: fc.Arbitrary<Edit> = fc.oneof(
  feed.map((others): Edit => {
    return () => others
  }),
  version.map((added): Edit => {
    return objects => [...objects, added]
  }),
  at.map((at): Edit => {
    return objects => objects.toSpliced(at, 1)
  }),
  fc.tuple(at, version).map(([at, other]): Edit => {
    return objects => objects.map((object, n) => (n === at ? other : object))
  }),
  fc.tuple(at, version).map(([at, { date = 0 }]): Edit => {
    return objects => objects.map((object, n) => (n === at ? { ...object, date } : object))
  })
)

t.test('whatever changes in the bytes or the date headers, the tag changes', async t => {
  for (const settings of [{ mode: 'strict' }, { mode: 'field', tipToken: true }] as const) {
    const server = await buildTaxiiServer(t, { settings })
    const load = (objects: readonly FakeObject[]) => {
      server.records.feeds.set(collectionA, [])
      server.records.add(collectionA, objects)
    }
    const urls = endpoints.slice(4)
    const isTrueToTag = fc.asyncProperty(feed, edit, async (before, change) => {
      load(before)
      const first = await Promise.all(urls.map(url => server.get(url)))
      load(change(before))
      for (const [n, url] of urls.entries()) {
        const held = first[n]!
        const now = await server.get(url, { 'if-none-match': String(held.headers['etag']) })
        const [one, other] = [held, await server.get(url)].map(answer => ({
          body: answer.body,
          status: answer.statusCode,
          first: answer.headers['x-taxii-date-added-first'],
          last: answer.headers['x-taxii-date-added-last']
        }))
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        if (now.statusCode === 304 && !isSame) throw new Error(`${url}: a change is hidden`)
        const again = await server.get(url, { 'if-none-match': String(now.headers['etag']) })
        if (now.statusCode === 200 && again.statusCode !== 304)
          throw new Error(`${url}: a tag changes by itself`)
      }
    })
    await t.resolves(fc.assert(isTrueToTag, { seed: 20_260_115, numRuns: 250 }), settings.mode)
  }
})
