import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadScopeSecret } from '../../src/auth/secret.ts'

const unconfigured = (dataDir: string) => loadScopeSecret({ configured: '', dataDir })

t.test('a configured secret is taken as it is, and nothing is written', async t => {
  const dataDir = t.testdir()
  const configured = 'a configured secret of some length'
  t.same(await loadScopeSecret({ configured, dataDir }), { secret: configured, durable: true })
  t.same(readdirSync(dataDir), [])
})

t.test('a first start makes a secret of 32 random bytes, for its owner alone', async t => {
  const dataDir = join(t.testdir(), 'new', 'data')
  const { secret, durable } = await unconfigured(dataDir)
  t.match(secret, /^[0-9a-f]{64}$/)
  t.equal(durable, true)
  t.same(readdirSync(dataDir), ['secret'], 'no temporary file stays behind')
  t.equal(statSync(join(dataDir, 'secret')).mode & 0o777, 0o600)
  t.equal(readFileSync(join(dataDir, 'secret'), 'utf8'), `${secret}\n`)
})

t.test('later starts read the same secret', async t => {
  const dataDir = t.testdir()
  const first = await unconfigured(dataDir)
  t.same(await unconfigured(dataDir), first)
})

t.test('two data directories have two secrets', async t => {
  const root = t.testdir({ a: {}, b: {} })
  const [a, b] = await Promise.all(['a', 'b'].map(name => unconfigured(join(root, name))))
  t.not(a?.secret, b?.secret)
})

t.test('processes that start together on one directory agree', async t => {
  const dataDir = t.testdir()
  const all = await Promise.all(Array.from({ length: 20 }, () => unconfigured(dataDir)))
  t.equal(new Set(all.map(({ secret }) => secret)).size, 1)
  t.ok(all.every(({ durable }) => durable))
  t.same(readdirSync(dataDir), ['secret'])
})

t.test('a secret that the operator wrote is read without the newline', async t => {
  const dataDir = t.testdir({ secret: 'written by the operator, by hand\n' })
  t.same(await unconfigured(dataDir), { secret: 'written by the operator, by hand', durable: true })
})

t.test('a directory that cannot be used: a new secret each time, and the reason', async t => {
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  const first = await unconfigured(file)
  t.match(first, { secret: /^[0-9a-f]{64}$/, durable: false, reason: /EEXIST/ })
  t.not((await unconfigured(file)).secret, first.secret)
})

t.test('a file that holds no secret is left alone, and said', async t => {
  const dataDir = t.testdir({ secret: 'short\n' })
  const result = await unconfigured(dataDir)
  t.match(result, { durable: false, reason: /fewer than 32 characters/ })
  t.equal(readFileSync(join(dataDir, 'secret'), 'utf8'), 'short\n')
})

t.test('a file that cannot be read is said', async t => {
  const dataDir = t.testdir({ secret: {} })
  t.match(await unconfigured(dataDir), { durable: false, reason: /EISDIR/ })
})
