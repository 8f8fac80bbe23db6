import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { type Item, noon, page, pageStatus, simulate } from './client.ts'

const command = async (url: string, call: string, body?: object): Promise<unknown> => {
  const [method = '', path = ''] = call.split(' ')
  const init = { method, ...(body && { body: JSON.stringify(body) }) }
  const response = await fetch(`${url}/_control/${path}`, init)
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return response.json()
}

t.test('item 29: the clock is moved over HTTP', async t => {
  const { url } = await simulate(t)
  t.same(await command(url, 'POST clock', { advance: 5 }), { now: noon + 5 })
  t.same(await command(url, 'POST clock', { set: noon }), { now: noon })
})

t.test(
  'items 9, 14, 15, 20: objects are added, edited, revoked, tied and removed over HTTP',
  async t => {
    const simulator = await simulate(t, { objects: 5 })
    const { url } = simulator
    const { ids } = (await command(url, 'POST add', { count: 2 })) as { ids: [string, string] }
    await command(url, 'POST edit', { id: ids[0], members: { confidence: 9 } })
    t.match(await command(url, `GET object?id=${ids[0]}`), { confidence: 9 })
    await command(url, 'POST revoke', { id: ids[1] })
    t.match(simulator.get(ids[1]), { revoked: true })
    const ties = (await command(url, 'POST ties', { count: 3 })) as { ids: string[] }
    t.equal(ties.ids.length, 3)
    t.same(await command(url, 'POST remove', { id: ids[0] }), { removed: true })
    await command(url, 'POST add', { object: { type: 'malware' }, hiddenForMs: 1000 })
    t.equal(((await command(url, 'GET visible')) as Item[]).length, 9)
    t.match(await command(url, 'GET state'), { size: 9, now: noon })
  }
)

t.test('item 27: faults, switches, keys and feeds are set over HTTP', async t => {
  const simulator = await simulate(t)
  const { url } = simulator
  await command(url, 'POST faults', { fault: { kind: 'status' }, times: 2 })
  t.equal(await pageStatus(simulator, {}), 503)
  await command(url, 'DELETE faults')
  await command(url, 'POST faults', { fault: { kind: 'status', status: 500 }, probability: 1 })
  t.equal(await pageStatus(simulator, {}), 500)
  await command(url, 'DELETE faults')
  await command(url, 'PATCH switches', { switches: { largeLimit: 'refuse' } })
  t.equal(await pageStatus(simulator, { limit: 3000 }), 400)
  await command(url, 'PUT feeds', { feed: { id: 'mine', types: ['malware'] } })
  t.equal((await page(simulator, {}, 'mine')).items[0]!.type, 'malware')
  await command(url, 'PUT keys', { key: simulator.key, state: { status: 'revoked' } })
  t.equal(await pageStatus(simulator, {}), 401)
  t.match(await command(url, 'GET keys'), { [simulator.key]: { status: 'revoked' } })
  t.equal(((await command(url, 'GET calls')) as unknown[]).length, 5)
  await command(url, 'DELETE calls')
  t.equal(simulator.calls.length, 0)
})

t.test('item 27: over HTTP connections are refused for a time', async t => {
  const simulator = await simulate(t)
  await command(simulator.url, 'POST refuse', { forMs: 10 })
  let status = 0
  while (status === 0) status = await pageStatus(simulator, {}).catch(() => 0)
  t.equal(status, 200)
})

t.test('mistakes are told from success', async t => {
  const { url } = await simulate(t)
  await t.rejects(command(url, 'POST nothing'), { message: 'status 404' })
  await t.rejects(command(url, 'POST edit', {}), { message: 'status 400' })
  await t.rejects(command(url, 'POST edit', { id: 'tool--1' }), { message: 'status 400' })
  await t.rejects(command(url, 'POST faults', {}), { message: 'status 400' })
})

const main = new URL('../../src/demo/main.ts', import.meta.url).pathname
const run = (...args: string[]) => spawn(process.execPath, [main, ...args])

t.test('the process prints its URL, key and feeds, and ends cleanly on SIGTERM', async t => {
  const child = run('--port', '0', '--objects', '20', '--switch', 'nullAtTip=last-page')
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('feed  ')) break
  }
  const [, url = '', key = ''] = /at (http:\S+),.*key {3}(\S+)/s.exec(output) ?? []
  t.match(output, /feed {2}d6092c37-d8d7-45c3-8aff-c4dc26030608/)
  const path = '/v2/inthreat/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects'
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
  const body = (await response.json()) as { items: unknown[]; next_cursor: string | null }
  t.same([body.items.length, body.next_cursor], [20, null])
  child.kill('SIGTERM')
  const [code, signal] = await once(child, 'exit')
  t.same([code, signal], [0, null])
})

t.test('wrong arguments end the process with status 2', async t => {
  for (const args of [
    ['--objects', 'x'],
    ['--switch', 'nonsense=1'],
    ['--order', 'up'],
    ['--to', 'x'],
    ['--what']
  ]) {
    const [code] = await once(run(...args), 'exit')
    t.equal(code, 2, args.join(' '))
  }
})
