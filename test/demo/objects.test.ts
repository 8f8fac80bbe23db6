import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import { type Item, page, request, simulate, walk } from './client.ts'

const read = async (simulator: Simulator, path: string) => {
  const response = await request(simulator, `/v2/inthreat${path}`)
  const body = (await response.json()) as {
    data: Item
    items: Item[]
    total: number
    has_more: boolean
  }
  return { status: response.status, ...body }
}
const ids = (items: readonly { id: string }[]): string[] => items.map(item => item.id)
const unknown = 'malware--00000000-0000-4000-8000-000000000000'

t.test('items 18, 21: one id gives data, with spec_version and lang', async t => {
  const simulator = await simulate(t)
  const { items } = await page(simulator)
  const object = items.find(({ type }) => type === 'indicator')!
  const { data } = await read(simulator, `/objects/${object.id}`)
  t.match(data, { ...object, spec_version: '2.1', lang: 'en' })
})

t.test('item 21: several ids give items, unknown ones left out, or all is 404', async t => {
  const simulator = await simulate(t)
  const known = ids(simulator.visible().filter(({ type }) => type === 'malware')).slice(0, 2)
  const path = `/objects/${known[0]},${unknown},${known[1]}/`
  t.same(ids((await read(simulator, path)).items), known)
  simulator.switches.unknownIds = 'not-found'
  t.equal((await read(simulator, path)).status, 404)
})

t.test('item 21: a single unknown id is 404 with message and code', async t => {
  const simulator = await simulate(t)
  t.match(await read(simulator, `/objects/${unknown}`), {
    status: 404,
    message: String,
    code: String
  })
})

t.test(
  'item 21: relationships come from /relationships only, and others from /objects only',
  async t => {
    const simulator = await simulate(t)
    const [link] = ids(simulator.visible().filter(({ type }) => type === 'relationship'))
    const [other] = ids(simulator.visible().filter(({ type }) => type === 'indicator'))
    t.equal((await read(simulator, `/relationships/${link}`)).data.id, link)
    t.equal((await read(simulator, `/objects/${link}`)).status, 404)
    t.equal((await read(simulator, `/relationships/${other}`)).status, 404)
  }
)

t.test('item 17: what pages refer to comes by id', async t => {
  const simulator = await simulate(t)
  const { items } = await page(simulator)
  const refs = new Set(
    items.flatMap(item => [
      `${item['created_by_ref']}`,
      ...(item['object_marking_refs'] as string[]),
      ...((item['x_ic_impacted_locations'] ?? []) as string[])
    ])
  )
  t.equal((await read(simulator, `/objects/${[...refs].join(',')}`)).items.length, refs.size)
})

t.test('item 22: /objects?match[id] gives 20 unless a limit says more', async t => {
  const simulator = await simulate(t)
  const known = ids(simulator.visible().filter(({ type }) => type === 'indicator')).slice(0, 30)
  const query = `match[id]=${known.join(',')},${unknown}`
  const short = await read(simulator, `/objects?${query}`)
  t.same([short.items.length, short.total, short.has_more], [20, 30, true])
  const long = await read(simulator, `/objects?${query}&limit=100`)
  t.same([long.items.length, long.has_more], [30, false])
  const rest = await read(simulator, `/objects?${query}&offset=20`)
  t.same(ids(rest.items), known.slice(20))
})

t.test('item 22: limits above 100 and offsets above 10,000 are refused', async t => {
  const simulator = await simulate(t)
  t.equal((await read(simulator, '/objects?limit=101')).status, 400)
  t.equal((await read(simulator, '/objects?offset=10001')).status, 400)
  t.equal((await read(simulator, '/objects?offset=10000')).status, 200)
  const malware = await read(simulator, '/objects?match[type]=malware')
  t.ok(malware.items.length > 0 && malware.items.every(({ type }) => type === 'malware'))
})

const writeFile = (content: unknown): { file: string; done: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  const file = join(folder, 'objects.json')
  writeFileSync(file, JSON.stringify(content))
  return { file, done: () => rmSync(folder, { recursive: true }) }
}

t.test(
  'a file of bundles is served as it is, each id once, latest version, by text of modified',
  async t => {
    const tool = (n: number, modified: string | undefined) => ({
      type: 'tool',
      id: `tool--${n}`,
      modified
    })
    const bundle = (...objects: object[]) => ({ type: 'bundle', id: 'bundle--1', objects })
    const { file, done } = writeFile([
      bundle(tool(1, '2022-01-01T00:00:00.5Z'), tool(2, '2022-01-01T00:00:00Z')),
      bundle({ ...tool(3, undefined), created: '2021-01-01T00:00:00Z' }, tool(4, undefined)),
      tool(1, '2022-01-01T00:00:00.25Z'),
      tool(5, '2022-01-01T00:00:00.123Z')
    ])
    t.teardown(done)
    const simulator = await simulate(t, { file, objects: 0 })
    const items = await walk(simulator, { limit: 2 })
    t.same(ids(items), ['tool--3', 'tool--5', 'tool--1', 'tool--2', 'tool--4'])
    t.same(items[1], tool(5, '2022-01-01T00:00:00.123Z'))
    t.equal(items[2]!.modified, '2022-01-01T00:00:00.5Z')
    simulator.edit('tool--3')
    t.equal((await page(simulator)).items.at(-1)!.id, 'tool--3')
  }
)
