import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openRedisStore } from '../../src/stores/redis.ts'
import { firstCommit } from '../contract/log-store.ts'
import { redisOptions, startTlsRedis } from '../support/redis.ts'

t.setTimeout(300_000)

const directory = t.testdir()
const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=redis'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]
  ],
  { stdio: 'ignore' }
)
const server = await startTlsRedis(t, { ca: cert, cert, key })
const url = `rediss://127.0.0.1:${server.port}`
const pem = { cert: readFileSync(cert), key: readFileSync(key) }

t.test('rediss://: with the CA and a client certificate', async t => {
  const store = await openRedisStore(
    redisOptions(server.port, { url, tls: { ca: pem.cert, ...pem } })
  )
  t.teardown(() => store.close())
  t.equal(store.trouble(), undefined)
  t.equal(await store.commit('log', firstCommit()), true)
})

t.test('rediss://: a certificate of an unknown CA is refused', async t => {
  const store = await openRedisStore(redisOptions(server.port, { url, tls: pem }))
  t.teardown(() => store.close())
  t.match(store.trouble(), /^connecting failed: self-signed certificate/)
  await t.rejects(store.load('log'))
})

t.test('rediss://: a server that wants a client certificate and gets none is trouble', async t => {
  const store = await openRedisStore(redisOptions(server.port, { url, tls: { ca: pem.cert } }))
  t.teardown(() => store.close())
  t.match(store.trouble(), /^connecting failed: /)
  await t.rejects(store.load('log'))
})

t.test('redis:// to a port that speaks TLS is trouble', async t => {
  const store = await openRedisStore(redisOptions(server.port, { timeoutMs: 500 }))
  t.teardown(() => store.close())
  t.match(store.trouble(), /^connecting failed: /)
  await t.rejects(store.load('log'))
})
