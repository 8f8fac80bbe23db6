import t from 'tap'
import type { KeyState } from '../../src/demo/access.ts'
import type { Fault } from '../../src/demo/faults.ts'
import {
  defaultFeed,
  inCsv,
  newestFirst,
  nowhere,
  ownFeed,
  startMispGateway
} from '../support/misp/gateway-feeds.ts'
import { asking, uuidsOf } from '../support/misp/http.ts'
import { refused } from '../support/misp/refusal.ts'
import { tracesOf } from '../support/traces.ts'

/** What a MISP feed is refused for, and in which words (MISP-1.5; INV-12, INV-15 and INV-18). */

t.setTimeout(120_000)

const { gateway, origin, ask } = await startMispGateway(t)
gateway.simulator.switches.formatParameter = 'ignored'
const { key } = gateway.simulator
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const [listed = ''] = uuidsOf(await ask('/misp/manifest.json'))
const [listedInOwn = ''] = uuidsOf(await ask(`/misp/${ownFeed}/manifest.json`))
const files = ['manifest.json', 'hashes.csv', `${listed}.json`]
const paths = ['/misp/', ...files.map(file => `/misp/${file}`)]

t.test('without a usable key: 401 with a challenge, whatever the path', async t => {
  const none = [
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' }
  ]
  const unusable = [
    { authorization: `Digest ${key}` },
    { authorization: basic(':') },
    { authorization: basic('None:None') },
    { 'x-api-key': '' },
    { 'x-other-key': key }
  ]
  const unknown = ['/misp/nothing', `/misp/${nowhere}/manifest.json`, '/misp/a/b/c']
  for (const path of [...paths, ...unknown]) {
    for (const headers of [...none, ...unusable]) {
      const answer = await ask(path, { headers: { authorization: undefined, ...headers } })
      refused(t, answer, 401, { name: `${path} ${Object.keys(headers)}`, key })
      t.match(answer.headers['www-authenticate'], /Basic realm=.*Bearer realm=/)
    }
  }
})

const refusals: readonly (readonly [string, Partial<KeyState> | undefined, number])[] = [
  ['that Sekoia does not know', undefined, 401],
  ['that was revoked', { status: 'revoked' }, 401],
  ['that has expired', { status: 'expired' }, 401],
  ['without the permission', { permissions: [] }, 403]
]

for (const [what, state, status] of refusals) {
  t.test(`a key ${what}: ${status} for every file, though another key’s are there`, async t => {
    const other = `other-key-${refusals.findIndex(([name]) => name === what)}`
    if (state) gateway.simulator.putKey(other, state)
    const askOther = asking(t, origin, other)
    for (const file of files)
      for (const base of ['/misp', `/misp/${defaultFeed}`, `/misp/${ownFeed}`])
        for (const method of ['GET', 'HEAD'] as const) {
          const answer = await askOther(`${base}/${file}`, { method })
          const name = `${method} ${base}/${file}`
          if (method === 'GET') refused(t, answer, status, { name, key: other })
          else t.equal(answer.status, status, name)
        }
  })
}

t.test('every way to show a key that is known in the field works', async t => {
  const ways: Record<string, Record<string, string | undefined>> = {
    bearer: { authorization: `Bearer ${key}` },
    'bearer in another spelling': { authorization: `bearer  ${key}` },
    token: { authorization: `Token ${key}` },
    'basic, key as password': { authorization: basic(`misp:${key}`) },
    'basic, no user': { authorization: basic(`:${key}`) },
    'basic, key as user': { authorization: basic(`${key}:`) },
    'header of its own': { authorization: undefined, 'x-api-key': key },
    'header beside a useless one': { authorization: 'Basic !!', 'x-api-key': key }
  }
  for (const [name, headers] of Object.entries(ways))
    for (const path of paths) t.equal((await ask(path, { headers })).status, 200, `${name} ${path}`)
})

t.test('`https://user:KEY@host/…` as the URL of the feed works, as curl sends it', async t => {
  const { username, password } = new URL(origin.replace('//', `//misp:${key}@`))
  const headers = { authorization: basic(`${username}:${password}`) }
  for (const path of paths) t.equal((await ask(path, { headers })).status, 200, path)
})

t.test('what is no file of a feed: 404', async t => {
  const upper = listed.toUpperCase()
  const version7 = listed.replace(/^(.{14})./, '$17')
  const names = [
    ...['manifest.json.asc', `${listed}.asc`, `${listed}.json.asc`, 'manifest.json.sha256'],
    ...['manifest', 'manifest.csv', 'MANIFEST.JSON', 'hashes.json', 'hashes.csv.gz', 'index.html'],
    ...[`${upper}.json`, listed, `${listed}.JSON`, `${listed}.json.json`, `x${listed}.json`],
    ...[`${listed.replaceAll('-', '')}.json`, `{${listed}}.json`, `${listed.slice(1)}.json`],
    ...[`${version7}.json`, `${nowhere}.json`, `${listedInOwn}.json`, '.json', 'null.json'],
    ...[`${listed}.json%00`, `${listed}%2ejson%20`, `${listed}.json%0a`, '%00', '%2e%2e', '..'],
    ...['..%2fmanifest.json', '..%2f..%2fetc%2fpasswd', '..%5cmanifest.json', `..%2f${listed}.json`]
  ]
  for (const name of names)
    for (const base of ['/misp/', `/misp/${defaultFeed}/`])
      refused(t, await ask(`${base}${name}`), 404, { name: `${base}${name}`, key })
})

t.test('what is no feed: 404', async t => {
  const feeds = [
    ...[
      nowhere,
      nowhere.toUpperCase(),
      `feed--${nowhere}`,
      'default',
      '0',
      'a'.repeat(129),
      'misp'
    ],
    ...['%2e%2e', '..', '.', '..%2f..%2f', '%00', `${defaultFeed}%00`, `${defaultFeed}%2f..`],
    ...['%C3%A9', '*', `${ownFeed},${defaultFeed}`, `%20${defaultFeed}`],
    nowhere.replace(/^(.{14})4/, '$15')
  ]
  for (const feed of feeds)
    for (const file of files) {
      const path = `/misp/${feed}/${file}`
      refused(t, await ask(path), 404, { name: path, key })
    }
  refused(t, await ask(`/misp/${defaultFeed}`), 404, { name: defaultFeed, key })
})

t.test('a path of no file: 404 that says where the feeds are, the short reason first', async t => {
  for (const path of ['/misp/a/b/c', `/misp/${defaultFeed}/x/manifest.json`]) {
    const { status, headers, text } = await ask(path)
    t.equal(status, 404, path)
    t.equal(headers['content-type'], 'text/plain; charset=utf-8', path)
    t.match(
      text,
      /^Nothing is at this path\. The MISP feeds are listed at http:\S+\/misp\/, /,
      path
    )
    t.strictSame(tracesOf(key, text + JSON.stringify(headers)), [], path)
  }
})

t.test('a feed that comes in CSV whatever is asked: 409 that says what to change', async t => {
  for (const file of files) {
    const text = refused(t, await ask(`/misp/${inCsv}/${file}`), 409, { name: file, key })
    t.match(text.slice(0, 100), /edit the feed.*format to JSON/)
  }
})

t.test('the same to a key that may not read what feeds there are', async t => {
  const blind = 'blind-key'
  gateway.simulator.putKey(blind, { permissions: ['viewIntelligence'] })
  const answer = await asking(t, origin, blind)(`/misp/${inCsv}/manifest.json`)
  const text = refused(t, answer, 409, { name: inCsv, key: blind })
  t.match(text.slice(0, 100), /format to JSON/)
})

t.test('INV-18: a feed that a key may not see is for it as one that is not there', async t => {
  const stranger = 'stranger-key'
  gateway.simulator.putKey(stranger, { feeds: [] })
  const askStranger = asking(t, origin, stranger)
  const told = async (feed: string, file: string) => {
    const { status, headers, text } = await askStranger(`/misp/${feed}/${file}`)
    const { date, ...others } = headers
    return { status, headers: others, text }
  }
  t.equal((await askStranger('/misp/manifest.json')).status, 200, 'it has the default feed')
  for (const file of [...files, `${listedInOwn}.json`]) {
    const absent = await told(nowhere, file)
    t.equal(absent.status, 404)
    for (const hidden of [ownFeed, newestFirst, inCsv])
      t.strictSame(await told(hidden, file), absent, `${hidden} ${file}`)
  }
  const { text } = await askStranger('/misp/')
  for (const hidden of [ownFeed, newestFirst, inCsv]) t.notMatch(text, hidden)
})

t.test('what writes is refused before anything else, and OPTIONS says what is allowed', async t => {
  const allow = 'GET, HEAD, OPTIONS'
  for (const path of [...paths, `/misp/${ownFeed}/manifest.json`, `/misp/${nowhere}/hashes.csv`]) {
    for (const authorization of [`Bearer ${key}`, undefined]) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
        const answer = await ask(path, { method, headers: { authorization } })
        refused(t, answer, 405, { name: `${method} ${path}`, key })
        t.equal(answer.headers['allow'], allow)
      }
      const answer = await ask(path, { method: 'OPTIONS', headers: { authorization } })
      t.equal(answer.status, 204, path)
      t.equal(answer.headers['allow'], allow)
      t.equal(answer.body.length, 0)
      t.notOk(Object.keys(answer.headers).some(name => name.startsWith('access-control-')))
    }
  }
  t.equal((await ask('/misp/a/b/c', { method: 'POST' })).status, 404)
})

t.test('what is no URL is refused before any file is looked for', async t => {
  for (const [path, status] of [
    ['/misp/%zz/manifest.json', 400],
    ['//MISP//%zz/manifest.json', 400],
    [`/misp/${'x'.repeat(600)}/manifest.json`, 414]
  ] as const) {
    const answer = await ask(path)
    refused(t, answer, status, { name: path, key })
    t.equal(answer.headers['location'], undefined)
  }
})

/** What Sekoia may do at the first request of a key, and the status that follows. */
const troubles: readonly (readonly [Fault, number])[] = [
  [{ kind: 'status', status: 500 }, 503],
  [{ kind: 'status', status: 503 }, 503],
  [{ kind: 'status', status: 429, retryAfterSeconds: 600 }, 503],
  [{ kind: 'html' }, 502],
  [{ kind: 'error-object' }, 502],
  [{ kind: 'no-items' }, 502],
  [{ kind: 'truncated' }, 502],
  [{ kind: 'reset' }, 503]
]

for (const [fault, status] of troubles) {
  const { kind, status: answered = '' } = fault
  t.test(`Sekoia in trouble at the first request (${kind} ${answered}): ${status}`, async t => {
    // What Sekoia does is answered, not that it has been left alone since.
    const env = { UPSTREAM_MAX_ATTEMPTS: '1', UPSTREAM_BREAKER_FAILURES: '1000' }
    const { gateway, ask } = await startMispGateway(t, { env })
    gateway.simulator.faults.rate(fault)
    for (const feed of ['', `${defaultFeed}/`, `${ownFeed}/`]) {
      // A failure rests before Sekoia is asked again.
      gateway.simulator.clock.advance(11_000)
      const answer = await ask(`/misp/${feed}manifest.json`)
      const text = refused(t, answer, status, { name: `${kind} ${answered} ${feed}`, key })
      t.match(text, /^Sekoia /, 'it says whose trouble it is')
    }
    for (const file of files.slice(1)) {
      const answer = await ask(`/misp/${file}`)
      refused(t, answer, answer.status, { name: `${kind} ${answered} ${file}`, key })
    }
  })
}
