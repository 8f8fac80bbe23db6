import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SimulatorOptions } from '../../src/demo/simulator.ts'
import { defaultKey, startSimulator } from '../../src/demo/simulator.ts'
import { makeCertificate } from '../support/certificate.ts'
import { run } from '../support/command.ts'
import { tracesOf } from '../support/traces.ts'

/** `gateway check`: what is well and what to change, before the gateway is started. */

async function build(t: Test, options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ objects: 60, ...options })
  t.teardown(() => simulator.close())
  const dataDir = `${t.testdir()}/data`
  const env = { SEKOIA_URL: simulator.url, SEKOIA_API_KEY: defaultKey, DATA_DIR: dataDir }
  const check = async (more: Record<string, string> = {}) => {
    const ran = await run(['check', '--json'], { ...env, ...more })
    const { outcome, checks } = JSON.parse(ran.out)
    const named = (name: string) => checks.find((one: { name: string }) => one.name === name)
    t.strictSame(tracesOf(defaultKey, ran.out + ran.err), [])
    return { code: ran.code, outcome, named }
  }
  return { simulator, env, dataDir, check }
}

t.test('all is well: each check says so, and nothing is left behind', async t => {
  const { check, env, dataDir } = await build(t)
  const { code, outcome, named } = await check()
  t.strictSame([code, outcome], [0, 'ok'])
  for (const name of ['config', 'sekoia', 'key', 'permission.feeds', 'feeds', 'clock', 'store'])
    t.equal(named(name)?.outcome, 'ok', name)
  t.notOk(existsSync(dataDir), 'the data directory belongs to the user who serves')
  const { out } = await run(['check'], env)
  t.match(out, /^ok +key +Sekoia accepts the key\.$/m)
})

t.test('a key that is wrong, or lacks a permission', async t => {
  const { check, simulator } = await build(t)
  const wrong = await check({ SEKOIA_API_KEY: 'nobody' })
  t.equal(wrong.code, 1)
  t.match(wrong.named('key'), { outcome: 'failed', detail: /wrong, expired or revoked/ })
  simulator.putKey(defaultKey, { permissions: ['viewIntelligence'] })
  const unlisted = await check()
  t.equal(unlisted.code, 0)
  t.match(unlisted.named('permission.feeds'), { outcome: 'warning', detail: /View feeds/ })
  simulator.putKey(defaultKey, { permissions: ['viewFeeds'] })
  const unread = await check()
  t.equal(unread.code, 1)
  t.match(unread.named('permission.intelligence'), { detail: /lacks "View intelligence"/ })
  t.match((await check({ SEKOIA_API_KEY: '' })).named('key'), { outcome: 'warning' })
})

t.test('a feed that cannot be read is named', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const { check, simulator } = await build(t, { feeds: [{ id, title: 'Mine' }] })
  simulator.faults.rate({ kind: 'status', status: 403, match: id })
  const { named } = await check()
  t.match(named('feeds'), { outcome: 'warning', detail: /1 of 2 cannot be read.*\(Mine\)/ })
})

t.test('a Sekoia that is not there, or is something else', async t => {
  const { check, simulator } = await build(t)
  simulator.faults.rate({ kind: 'html' })
  t.match((await check()).named('sekoia'), { outcome: 'failed' })
  await simulator.close()
  const quick = { UPSTREAM_PATIENCE_MS: '0', UPSTREAM_MAX_ATTEMPTS: '1' }
  const { code, named } = await check(quick)
  t.equal(code, 1)
  t.match(named('sekoia'), { outcome: 'failed' })
})

t.test('a data directory that cannot be used', async t => {
  const { check } = await build(t)
  const file = join(t.testdir({ file: 'x' }), 'file')
  for (const path of [file, join(file, 'data')]) {
    const { code, named } = await check({ DATA_DIR: path })
    t.equal(code, 1)
    t.match(named('store'), { outcome: 'failed', detail: /is no directory/ })
  }
})

t.test('Redis that does not answer', async t => {
  const { check } = await build(t)
  const { code, named } = await check({ REDIS_URL: 'redis://127.0.0.1:1', REDIS_TIMEOUT_MS: '200' })
  t.equal(code, 1)
  t.match(named('store'), { outcome: 'failed', detail: /^Redis: / })
})

t.test('a certificate is told with its names and days', async t => {
  const { check } = await build(t)
  const { certFile, keyFile } = makeCertificate(t, 'gateway')
  const { named } = await check({ SERVER_TLS_CERT_FILE: certFile, SERVER_TLS_KEY_FILE: keyFile })
  t.match(named('tls'), { outcome: 'warning', detail: /127\.0\.0\.1 is valid for 1 days/ })
})

t.test('variables that are nearly options are a warning', async t => {
  const { check } = await build(t)
  const { code, named } = await check({ TAXII_LIMIT: '5' })
  t.equal(code, 0)
  t.match(named('config'), { outcome: 'warning', detail: /TAXII_LIMIT is not an option/ })
})
