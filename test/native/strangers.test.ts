import t from 'tap'
import { buildGateway } from '../support/app.ts'
import { defaultFeed } from '../support/gateway.ts'
import { native, nativeWorld, pagePath } from '../support/native-world.ts'
import { head, raw } from '../support/raw-http.ts'

/** What clients write that nobody expects, over connections of their own. */

const portOf = (origin: string): number => Number(new URL(origin).port)

t.test('a question with a body is answered over a connection, too', async t => {
  const { gateway, simulator } = await nativeWorld(t)
  const origin = await gateway.listen()
  const ask = (method: string, path: string, body?: string) =>
    fetch(origin + native + path, {
      method,
      headers: { authorization: `Bearer ${simulator.key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body })
    })
  for (const path of ['/observables/search', '/objects/search?term=remcos']) {
    t.equal((await ask('POST', path, '{"term":"x.example"}')).status, 200, path)
    t.equal(simulator.calls.at(-1)?.text, '{"term":"x.example"}')
  }
  t.equal((await ask('POST', '/observables/search', '{')).status, 400, 'in the words of Sekoia')
  const { length } = simulator.calls
  const get = await raw(
    portOf(origin),
    `${head(
      `GET ${pagePath('limit=5')} HTTP/1.1`,
      `Authorization: Bearer ${simulator.key}`,
      'Content-Length: 2'
    )}{}`
  )
  t.match(get, /^HTTP\/1\.1 200 /, 'a GET may have one')
  t.ok(simulator.calls.length > length)
})

t.test('a path that leads elsewhere is no path: what is closed stays closed', async t => {
  const gateway = await buildGateway(t, { env: { NATIVE_PASS_THROUGH: 'off' } })
  const port = portOf(await gateway.listen())
  const { calls, key } = gateway.simulator
  for (const line of [
    `GET ${native}/objects/../context`,
    `GET ${native}/objects/%2e%2e/context`,
    `GET ${native}/objects/.%2E/relationships`,
    `GET ${native}/objects/..%2F..%2Fv1%2Fx/context`,
    `GET ${native}/objects/x%5c..%5c../context`,
    `GET ${native}/objects/..`,
    `GET ${native}/objects/${defaultFeed},..`,
    `GET ${native}/collections/%2e%2e/objects?latest=true`,
    `GET ${native}/collections/../objects`,
    `DELETE ${native}/feeds/%2e%2e`,
    `PUT ${native}/feeds/.`,
    'GET /v1/edl-gateway/%2e%2e'
  ]) {
    const answer = await raw(port, head(`${line} HTTP/1.1`, `Authorization: Bearer ${key}`))
    t.match(answer, /^HTTP\/1\.1 404 [\s\S]*"code":"GATEWAY404"/, line)
  }
  t.same(
    calls.map(({ path }) => path).filter(path => path.includes('.')),
    [],
    'Sekoia hears of none'
  )
})

t.test('a day that no calendar has is for Sekoia to judge', async t => {
  const { get, getDirect } = await nativeWorld(t)
  for (const day of ['2026-13-45', '2026-02-31', '0000-00-00']) {
    const path = pagePath(`limit=5&modified_after=${day}T00:00:00Z`)
    const [through, direct] = [await get(path), await getDirect(path)]
    t.equal(through.status, direct.status, day)
    if (direct.status === 400) t.same(through.body, direct.body)
  }
})

t.test('what is no description of a feed goes on as it was sent', async t => {
  const { gateway, simulator } = await nativeWorld(t)
  for (const body of ['{"data":[]}', '{"data":"x"}', '[]', 'null']) {
    const { headers } = await gateway.send({ method: 'POST', url: `${native}/feeds`, body })
    t.equal(simulator.calls.findLast(({ method }) => method === 'POST')?.text, body)
    t.equal(headers['x-gateway-sort-order'], undefined)
  }
})
