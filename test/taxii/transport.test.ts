import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { taxiiType } from '../../src/taxii/negotiate.ts'
import { makeCertificate } from '../support/certificate.ts'
import { failed, ok } from '../support/expect.ts'
import {
  C,
  collectionA,
  collectionB,
  collectionEmpty,
  indicator1,
  M,
  O,
  R
} from '../support/objects.ts'
import { basic, buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const endpoints = [
  '/taxii2/',
  R,
  `${R}status/${collectionA}/`,
  `${R}collections/`,
  C,
  M,
  O,
  `${O}${indicator1}/`,
  `${O}${indicator1}/versions/`
]

function requestTls(
  port: number,
  options: RequestOptions
): Promise<[number, string, string, string]> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: credentials, accept: taxiiType }
    const request = httpsRequest(
      { host: '127.0.0.1', port, path: '/taxii2/', headers, agent: false, ...options },
      response => {
        const protocol = (response.socket as unknown as { getProtocol(): string }).getProtocol()
        let body = ''
        response.on('data', data => {
          body += data
        })
        response.on('end', () => {
          resolve([response.statusCode!, String(response.headers['content-type']), protocol, body])
        })
      }
    )
    request.on('error', reject).end()
  })
}

t.test('TLS listener', async t => {
  const { key, cert } = makeCertificate(t, 'gateway')
  const client = makeCertificate(t, 'client')
  const { app } = await buildTaxiiServer(t, { server: { tls: { key, cert } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  t.test('T-8.2.2-1: TAXII requests are accepted over HTTPS', async t => {
    t.match(await requestTls(port, { ca: cert }), [200, taxiiType])
  })

  t.test('T-8.2.2-2: TLS 1.2 is accepted', async t => {
    const limits = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    t.match(await requestTls(port, { ca: cert, ...limits }), [200, taxiiType, 'TLSv1.2'])
  })

  t.test('T-8.2.2-3: TLS 1.3 is accepted, TLS 1.0 and 1.1 are not', async t => {
    const limits = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
    t.match(await requestTls(port, { ca: cert, ...limits }), [200, taxiiType, 'TLSv1.3'])
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' }
      await t.rejects(requestTls(port, { ca: cert, ...old }), /alert/i, version)
    }
  })

  t.test('T-8.2.2-5: suites of the deny list are not accepted', async t => {
    for (const ciphers of ['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-RSA-AES128-SHA']) {
      const offer = { maxVersion: 'TLSv1.2', ciphers } as const
      await t.rejects(requestTls(port, { ca: cert, ...offer }), /alert/i, ciphers)
    }
  })

  t.test('T-4.1.1-4: over TLS the API root is an absolute https URL', async t => {
    const [, , , body] = await requestTls(port, { ca: cert })
    t.equal(JSON.parse(body).default, `https://127.0.0.1:${port}${R}`)
  })

  t.test('T-8.3.1-1: with a client authority, a certificate is needed', async t => {
    const mutual = { key, cert, clientCa: client.cert }
    const { app } = await buildTaxiiServer(t, { server: { tls: mutual } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    await t.rejects(requestTls(port, { ca: cert }), 'no certificate')
    t.match(await requestTls(port, { ca: cert, key: client.key, cert: client.cert }), [200])
  })
})

t.test('credentials', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-8.2.2-6: HTTP Basic is implemented', async t => {
    ok(t, await server.get('/taxii2/', { authorization: basic('any', 'valid-key') }))
  })

  t.test('T-8.2.2-8: other schemes are offered: Bearer, Token, a named header', async t => {
    ok(t, await server.get('/taxii2/', { authorization: 'Bearer valid-key' }))
    ok(t, await server.get('/taxii2/', { authorization: 'Token valid-key' }))
    ok(t, await server.get('/taxii2/', { authorization: undefined, 'x-api-key': 'valid-key' }))
    failed(t, await server.get('/taxii2/', { authorization: 'Digest valid-key' }), 401)
  })

  t.test('T-8.2.2-9: a collection can be left out per client', async t => {
    server.records.keys.add('other-key')
    server.records.hidden.add(`other-key ${collectionA}`)
    const other = { authorization: basic('any', 'other-key') }
    const { collections } = ok(t, await server.get(`${R}collections/`, other))
    t.strictSame(
      collections.map(({ id }) => id),
      [collectionB, collectionEmpty]
    )
  })

  t.test('T-1.6.9-1: missing credentials are 401 with a challenge everywhere', async t => {
    const requests = [
      ...endpoints.flatMap(url => [
        { method: 'GET', url },
        { method: 'HEAD', url }
      ]),
      { method: 'POST', url: O },
      { method: 'DELETE', url: `${O}${indicator1}/` }
    ] as const
    for (const request of requests) {
      const response = await server.send(request)
      const name = `${request.method} ${request.url}`
      t.equal(response.statusCode, 401, name)
      t.equal(response.headers['content-type'], taxiiType, name)
      t.match(response.headers['www-authenticate'], /^Basic realm="/, name)
      if (request.method === 'HEAD') t.equal(response.body, '', name)
      else failed(t, response, 401, name)
    }
  })

  t.test(
    'T-1.6.9-2 RFC 7235: the challenges are well formed, Basic with a realm first',
    async t => {
      const response = await server.send({ url: O })
      const challenge = String(response.headers['www-authenticate'])
      const parameter = '[a-z]+="[^"]*"'
      t.match(challenge, new RegExp(`^Basic ${parameter}(, ${parameter})*, Bearer ${parameter}$`))
      t.match(challenge, /^Basic realm="sekoia-feed-gateway", charset="UTF-8"/)
    }
  )

  t.test('T-1.6.9-3: wrong credentials are answered like missing ones', async t => {
    const missing = failed(t, await server.send({ url: O }), 401)
    for (const url of endpoints) {
      const wrong = await server.get(url, { authorization: basic('any', 'wrong-key') })
      t.equal(failed(t, wrong, 401, url).title, missing['title'])
      t.ok(wrong.headers['www-authenticate'], url)
    }
    for (const [method, url] of [
      ['POST', O],
      ['DELETE', `${O}${indicator1}/`]
    ] as const) {
      const headers = { authorization: basic('any', 'wrong-key') }
      failed(t, await server.send({ method, url, headers }), 401, method)
    }
  })

  t.test('T-1.6.9-4: an unreadable Authorization is 401, never a server fault', async t => {
    const noColon = `Basic ${Buffer.from('nocolon').toString('base64')}`
    for (const authorization of [
      'Basic %%%',
      'Basic',
      noColon,
      'Foo x',
      'Bearer',
      'Bearer a b',
      ''
    ]) {
      failed(t, await server.get(O, { authorization }), 401, authorization)
    }
  })
})

t.test('T-8.2.1-4: a request without User-Agent is served', async t => {
  const server = await buildTaxiiServer(t)
  ok(t, await server.get('/taxii2/', { 'user-agent': undefined }))
})
