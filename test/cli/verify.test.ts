import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { IdComparison } from '../../src/cli/id-comparison.ts'
import { LoopMark } from '../../src/cli/loop-mark.ts'
import { defaultKey, startSimulator } from '../../src/demo/simulator.ts'
import { buildGateway } from '../support/app.ts'
import { run } from '../support/command.ts'

/** `gateway verify`, `warm`, `status` and `feeds`, against a gateway that serves. */

const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const noon = Date.UTC(2026, 0, 15, 12)
const token = 'operator-token-of-this-test'

async function build(t: Test) {
  const env = { OPERATOR_TOKEN: token, FEED_LOG_TIP_SECONDS: '1' }
  const gateway = await buildGateway(t, { env })
  const url = await gateway.listen()
  const told = { SEKOIA_URL: gateway.simulator.url, SEKOIA_API_KEY: defaultKey, ...env }
  return {
    ...gateway,
    url,
    env: told,
    command: (...args: string[]) => run([...args, '--url', url], told)
  }
}

t.test('warm reads a feed to its end, status and feeds tell what is held', async t => {
  const { command } = await build(t)
  const warmed = await command('warm', feed)
  t.equal(warmed.code, 0)
  t.match(warmed.out, /^The end is reached: \d+ objects in \d+ s\.$/)
  t.match(warmed.err, /^\d+ objects, \d+ in a second/)
  t.match((await command('status')).out, /^objects +60 in 1 logs$/m)
  const { out } = await command('feeds')
  t.match(
    out,
    new RegExp(`^${feed}  [0-9a-f]{8}  60 +20\\d\\d-\\S+ +\\d+ s ago  Sekoia default feed$`, 'm')
  )
  t.match(JSON.parse((await command('feeds', '--json')).out), { feeds: [{ feedId: feed }] })
})

t.test('verify: a gateway that has everything lacks nothing', async t => {
  const { command, simulator } = await build(t)
  simulator.ties(20)
  const { code, out } = await command('verify', feed)
  t.match(out, /^Nothing is missing\.$/m)
  t.equal(code, 0)
  const count = (name: string) =>
    Number(new RegExp(`^${name} +(\\d+) objects$`, 'm').exec(out)?.[1])
  t.ok(count('Sekoia') > 50)
  t.equal(count('gateway'), count('Sekoia'))
})

t.test(
  'verify: what Sekoia has and the gateway lacks is named, and so is an old version',
  async t => {
    const { env, url } = await build(t)
    // Another Sekoia than the gateway's, with the same objects and three more.
    const other = await startSimulator({ objects: 60, now: noon })
    t.teardown(() => other.close())
    const missing = other.add(3)
    const edited = other.visible()[0]!.id
    other.edit(edited)
    other.clock.advance(3_600_000)
    const told = { ...env, SEKOIA_URL: other.url }
    const { code, out } = await run(['verify', feed, '--url', url, '--json'], told)
    t.equal(code, 1)
    const expected = [
      ...missing.map(id => ({ id, kind: 'missing' })),
      { id: edited, kind: 'outdated' }
    ]
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    t.strictSame(JSON.parse(out).differences.toSorted(byId), expected.toSorted(byId))
  }
)

t.test('verify, warm and status say what keeps them from it, with code 2', async t => {
  const { env, url } = await build(t)
  const wrong = { ...env, SEKOIA_API_KEY: 'wrong-key' }
  const refused = await run(['warm', feed, '--url', url], wrong)
  t.strictSame([refused.code, refused.out], [2, ''])
  t.match(refused.err, /answered 401: the key or token is not accepted$/)
  t.match((await run(['verify', feed, '--url', url], wrong)).err, /^Sekoia: /)
  t.notMatch(refused.err, 'wrong-key')
  const { SEKOIA_API_KEY: _, ...without } = env
  t.match((await run(['verify', feed], without)).err, /^give a Sekoia API key in SEKOIA_API_KEY/)
})

t.test('IdComparison: the newest version of each id counts, whatever the order', async t => {
  const comparison = new IdComparison()
  t.teardown(() => comparison.close())
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000001Z']
  for (let n = 0; n < 3000; n++) {
    comparison.add('sekoia', `x--${n}`, early)
    if (n % 1000 !== 7) comparison.add('gateway', `x--${n}`, early)
  }
  comparison.add('gateway', 'x--extra', early)
  comparison.add('sekoia', 'x--1', late)
  comparison.add('sekoia', 'x--2', late)
  comparison.add('gateway', 'x--2', late)
  comparison.add('gateway', 'x--2', early)
  comparison.add('sekoia', 'x--3', '2026-01-01T01:00:00+01:00')
  const { counts, differences, further } = comparison.compare()
  t.strictSame(further, { missing: 0, outdated: 0 })
  t.strictSame(counts, { sekoia: 3000, gateway: 2998 })
  t.strictSame(differences.map(({ id, kind }) => `${kind} ${id}`).toSorted(), [
    'missing x--1007',
    'missing x--2007',
    'missing x--7',
    'outdated x--1'
  ])
})

t.test('IdComparison: differences beyond the bound are counted', async t => {
  const comparison = new IdComparison()
  t.teardown(() => comparison.close())
  for (let n = 0; n < 50; n++) {
    comparison.add('sekoia', `x--${n}`, '2026-01-02T00:00:00Z')
    if (n % 2 === 1) comparison.add('gateway', `x--${n}`, '2026-01-01T00:00:00Z')
  }
  const { differences, further } = comparison.compare(10)
  t.equal(differences.length, 10)
  const missing = differences.filter(({ kind }) => kind === 'missing').length
  t.strictSame(further, { missing: 25 - missing, outdated: 25 - (10 - missing) })
})

t.test('verify: more differences than are kept are counted, and the exit code is 1', async t => {
  const { env, url } = await build(t)
  const other = await startSimulator({ objects: 10_300, seed: 7, now: noon })
  t.teardown(() => other.close())
  const told = { ...env, SEKOIA_URL: other.url }
  const { code, out } = await run(['verify', feed, '--url', url, '--json'], told)
  const { missing, outdated, differences, sekoia } = JSON.parse(out)
  t.strictSame([code, missing, outdated, sekoia], [1, 10_300, 0, 10_300])
  t.equal(differences.length, 10_000)
})

t.test(
  'verify: a cursor that leads back ends the walk, whatever the length of its circle',
  async t => {
    const { env, url } = await build(t)
    for (const length of [2, 3, 7]) {
      const circle = await startCircle(t, length)
      const { code, out, err } = await run(['verify', feed, '--url', url], {
        ...env,
        SEKOIA_URL: circle
      })
      t.strictSame([code, out], [2, ''])
      t.match(err, /Sekoia gave a cursor that leads back$/)
    }
  }
)

t.test('LoopMark: every circle is noticed, and no walk without one', async t => {
  for (let before = 0; before < 20; before++)
    for (let length = 1; length < 20; length++) {
      const mark = new LoopMark()
      const placeAt = (n: number) => String(n < before ? n : before + ((n - before) % length))
      let steps = 0
      while (!mark.isBack(placeAt(steps))) steps++
      t.ok(
        steps >= length && steps <= 3 * (before + length) + 3,
        `${before} and ${length}: ${steps}`
      )
    }
  const mark = new LoopMark()
  t.notOk(Array.from({ length: 10_000 }, (_, n) => mark.isBack(String(n))).includes(true))
})

/** A server whose pages lead from one to the next, and from the last to the first. */
async function startCircle(t: Test, length: number): Promise<string> {
  const server = createServer((request, response) => {
    const at = Number(new URL(request.url ?? '', 'http://a').searchParams.get('cursor') ?? '0')
    const item = { type: 'identity', id: `identity--0000000${at}-1111-4111-8111-111111111111` }
    const body = { items: [item], next_cursor: String((at % length) + 1) }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
