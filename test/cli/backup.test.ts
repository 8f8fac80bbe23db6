import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { run } from '../support/command.ts'
import { startGateway } from '../support/gateway-process.ts'

/** `gateway backup` while the gateway runs, and `gateway restore` into another data directory. */

const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

/** Resolves once the end of the log, verdicts on the key and its list of feeds are written: that happens behind the answer. */
async function isKept(directory: string): Promise<void> {
  const count = (file: string, table: string) => {
    const database = new DatabaseSync(join(directory, file), { readOnly: true })
    const found = database.prepare(`SELECT count(*) AS n FROM ${table}`).get()
    database.close()
    return Number(found?.['n'])
  }
  const isMissing = () =>
    count('feed-log.sqlite', `journals WHERE CAST(state AS TEXT) LIKE '%"filled":true%'`) < 1 ||
    count('feed-log.sqlite', 'journals') < 3 ||
    count('documents.sqlite', 'spaces') < 1
  while (isMissing()) await setTimeout(20)
}

t.test('a copy that was made while the gateway served answers without Sekoia', async t => {
  const simulator = await startSimulator({ objects: 60 })
  t.teardown(() => simulator.close())
  const dir = t.testdir({ data: {}, fresh: {} })
  const [data, copy, fresh] = ['data', 'copy', 'fresh'].map(name => join(dir, name)) as [
    string,
    string,
    string
  ]
  const env = { SEKOIA_URL: simulator.url, DATA_DIR: data }
  const gateway = await startGateway(t, env)
  const objects = `/sekoia/collections/${feed}/objects/?limit=1000`
  const ask = async (url: string) => {
    const headers = { authorization: `Bearer ${simulator.key}` }
    const reply = await fetch(url + objects, { headers })
    return [reply.status, await reply.text()] as const
  }
  const before = await ask(gateway.url)
  await isKept(data)
  const made = await run(['backup', copy], env)
  t.equal(made.code, 0, made.err)
  t.ok(existsSync(join(copy, 'feed-log.sqlite')))
  const modesIn = (directory: string) =>
    readdirSync(directory).map(name => statSync(join(directory, name)).mode & 0o777)
  t.ok(
    modesIn(copy).every(mode => mode === 0o600),
    'nobody else may read what is in it'
  )
  const again = await run(['backup', copy], env)
  t.match([again.code, again.err], [2, /already holds feed-log\.sqlite/])

  const running = { ...env, PORT: new URL(gateway.url).port }
  const early = await run(['restore', copy, '--force'], running)
  t.match([early.code, early.err], [2, /a gateway answers at .*: stop it first/])
  await gateway.stop()

  for (const name of readdirSync(copy)) chmodSync(join(copy, name), 0o644)
  t.equal((await run(['restore', copy], { DATA_DIR: fresh, PORT: '1' })).code, 0)
  t.ok(
    modesIn(fresh).every(mode => mode === 0o600),
    'nor what was restored'
  )
  t.equal(readFileSync(join(fresh, 'secret'), 'utf8'), readFileSync(join(data, 'secret'), 'utf8'))
  await simulator.refuse()
  const restored = await startGateway(t, { ...env, DATA_DIR: fresh })
  const [status, text] = await ask(restored.url)
  t.equal(status, 200)
  const ids = (body: string) => JSON.parse(body).objects.map(({ id }: { id: string }) => id)
  t.strictSame(ids(text), ids(before[1]))
})

t.test('restore refuses what is no sound backup, and sets aside what it replaces', async t => {
  const dir = t.testdir({ data: {}, bad: { 'feed-log.sqlite': 'no database' }, none: {} })
  const env = { DATA_DIR: join(dir, 'data'), PORT: '1' }
  const bad = await run(['restore', join(dir, 'bad')], env)
  t.match([bad.code, bad.err], [2, /feed-log\.sqlite is no sound database/])
  const none = await run(['restore', join(dir, 'none')], env)
  t.match([none.code, none.err], [2, /holds no backup/])
  const empty = await run(['backup', join(dir, 'copy')], env)
  t.match([empty.code, empty.err], [2, /holds no database/])

  const good = join(dir, 'none', 'documents.sqlite')
  new DatabaseSync(good).close()
  writeFileSync(good, '')
  writeFileSync(join(dir, 'data', 'documents.sqlite'), 'older')
  const full = await run(['restore', join(dir, 'none')], env)
  t.match([full.code, full.err], [2, /already holds documents\.sqlite/])
  t.equal((await run(['restore', join(dir, 'none'), '--force'], env)).code, 0)
  t.ok(
    readdirSync(env.DATA_DIR).some(name => /^documents\.sqlite\.before-restore-\d{14}$/.test(name))
  )
})

t.test('with Redis there is nothing to copy here', async t => {
  const { code, err } = await run(['backup', '/nowhere'], { REDIS_URL: 'redis://localhost' })
  t.match([code, err], [2, /the store is Redis/])
})
