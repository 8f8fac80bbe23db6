import t from 'tap'
import { openRedisStore } from '../../src/stores/redis.ts'
import { firstCommit } from '../contract/log-store.ts'
import { makeCertificate } from '../support/certificate.ts'
import { redisOptions, startTlsRedis } from '../support/redis.ts'

t.setTimeout(300_000)

const { key, cert, keyFile, certFile } = makeCertificate(t, 'redis')
const server = await startTlsRedis(t, { ca: certFile, cert: certFile, key: keyFile })
const url = `rediss://127.0.0.1:${server.port}`
const pem = { cert, key }

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
