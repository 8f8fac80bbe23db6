import t from 'tap'
import { firstCommit } from '../contract/log-store.ts'
import { makeCertificate } from '../support/certificate.ts'
import { openRedis, redisOptions, startTlsRedis } from '../support/redis.ts'

t.setTimeout(300_000)

const { key, cert, keyFile, certFile } = makeCertificate(t, 'redis')
const server = await startTlsRedis(t, { ca: certFile, cert: certFile, key: keyFile })
const url = `rediss://127.0.0.1:${server.port}`
const pem = { cert, key }

t.test('rediss://: with the CA and a client certificate', async t => {
  const { log: store } = await openRedis(
    t,
    redisOptions(server.port, { url, tls: { ca: pem.cert, ...pem } })
  )
  t.equal(store.trouble(), undefined)
  t.equal(await store.commit('log', firstCommit()), true)
})

t.test('rediss://: a certificate of an unknown CA is refused', async t => {
  const { log: store } = await openRedis(t, redisOptions(server.port, { url, tls: pem }))
  t.match(store.trouble(), /^connecting failed: self-signed certificate/)
  await t.rejects(store.load('log'))
})

t.test('rediss://: a server that wants a client certificate and gets none is trouble', async t => {
  const { log: store } = await openRedis(
    t,
    redisOptions(server.port, { url, tls: { ca: pem.cert } })
  )
  t.match(store.trouble(), /^connecting failed: /)
  await t.rejects(store.load('log'))
})

t.test('redis:// to a port that speaks TLS is trouble', async t => {
  const { log: store } = await openRedis(t, redisOptions(server.port, { timeoutMs: 500 }))
  t.match(store.trouble(), /^connecting failed: /)
  await t.rejects(store.load('log'))
})
