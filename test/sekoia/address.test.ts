import t from 'tap'
import { failure } from '../support/failure.ts'
import { fakeServer, json, type Script, text } from '../support/fake-server.ts'
import { caller, clientOf } from '../support/sekoia-client.ts'

/** What answers is not Sekoia's API: told as such, with what is wrong with the URL. */

const request = { feedId: 'd6092c37-d8d7-45c3-8aff-c4dc26030608', types: [], limit: 2000 }

const redirect = (location: string): Script => text('', { status: 302, headers: { location } })
const html = { headers: { 'content-type': 'text/html; charset=utf-8' } }

const cases: readonly (readonly [string, Script, RegExp])[] = [
  ['a web page', text('<html>Log in</html>', html), /a web page came in place of JSON/],
  ['a redirect to TLS', redirect('https://127.0.0.1/x'), /redirect to https/],
  ['a redirect to another host', redirect('http://login.example/?k=1'), /redirect to another host/],
  ['a redirect to another path', redirect('/api/'), /redirect to another path/],
  ['a redirect without a place', text('', { status: 307 }), /redirect to nowhere/],
  ['404 as a web page', text('<html>?</html>', { status: 404, ...html }), /wrong path/],
  ['404 of another API', json({ detail: 'Not Found' }, { status: 404 }), /wrong path/]
]

for (const [name, script, phrase] of cases)
  t.test(`${name} is no answer of Sekoia: trouble, told once in the log`, async t => {
    const server = await fakeServer(t, script, script, script, script, json({ items: [] }))
    const lines: string[] = []
    const client = clientOf(t, server.url, {
      maxAttempts: 1,
      logger: { warn: (_fields, message) => lines.push(message) }
    })
    for (let i = 0; i < 2; i++) await t.rejects(client.page(caller, request), failure('bad-answer'))
    await t.rejects(client.feeds(caller), failure('bad-answer'), 'no refusal of the key or feed')
    await t.rejects(client.feed(caller, 'f'), failure('bad-answer'))
    t.match(lines, [phrase])
    t.equal(lines.length, 1)
    t.notMatch(lines[0], /login\.example/, 'nothing of the answer')
    t.match(client.health(), { troubleKind: 'misconfigured', trouble: /sekoia\.url/ })
    await client.page(caller, request)
    t.equal(client.health().trouble, undefined)
  })

t.test('Sekoia’s own 404 is its word on a feed, and no trouble', async t => {
  const server = await fakeServer(t, json({ message: 'no', code: 'X404' }, { status: 404 }))
  const client = clientOf(t, server.url, { breakerFailures: 1 })
  await t.rejects(client.page(caller, request), failure('not-found'))
  t.equal(client.health().trouble, undefined)
})

t.test(
  'any no to a cursor that is about neither rights nor rate refuses the cursor (K4)',
  async t => {
    for (const status of [400, 410, 414, 422]) {
      const server = await fakeServer(t, json({ message: 'no' }, { status }))
      const client = clientOf(t, server.url)
      const refused = await client.page(caller, { ...request, cursor: 'old' }).catch(error => error)
      t.equal(refused.constructor.name, 'CursorRefusedError', `${status}`)
    }
  }
)

t.test(
  'health tells the kind of trouble once calls fail in a row, and when one succeeded',
  async t => {
    const kinds: readonly (readonly [string, Script])[] = [
      ['failing', text('', { status: 500 })],
      ['throttled', text('', { status: 429 })],
      ['unusable', text('{"items":')],
      ['refusing', json({ message: 'no' }, { status: 422 })]
    ]
    for (const [kind, script] of kinds) {
      const server = await fakeServer(t, json({ items: [] }), script)
      const client = clientOf(t, server.url, { patienceMs: 100, breakerFailures: 2 })
      await client.page(caller, request)
      const { succeededAt } = client.health()
      t.ok(succeededAt! <= Date.now())
      for (let i = 0; i < 3; i++) await client.page(caller, request).catch(() => {})
      t.match(client.health(), { troubleKind: kind, succeededAt, trouble: String }, kind)
    }
  }
)
