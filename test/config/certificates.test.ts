import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config/load.ts'
import { makeCertificate } from '../support/certificate.ts'
import { loadShipped } from '../support/shipped-config.ts'

/** The one line that stops the start; undefined when nothing does. */
function lineOf(env: Record<string, string>): string | undefined {
  try {
    loadShipped(env)
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

const scene = (t: Test) => {
  const [one, other] = [makeCertificate(t, 'one'), makeCertificate(t, 'other')]
  const text = t.testdir({ 'no.pem': 'sio_very-secret, not PEM' })
  return { one, other, notPem: `${text}/no.pem` }
}

t.test('a certificate and its key let the gateway start', async t => {
  const { one } = scene(t)
  const { certFile, keyFile } = one
  t.equal(lineOf({ SERVER_TLS_CERT_FILE: certFile, SERVER_TLS_KEY_FILE: keyFile }), undefined)
})

t.test('a key of another certificate stops the start, with the name of the option', async t => {
  const { one, other } = scene(t)
  const env = { SERVER_TLS_CERT_FILE: one.certFile, SERVER_TLS_KEY_FILE: other.keyFile }
  t.match(
    lineOf(env),
    /^server\.tls\.keyFile \(SERVER_TLS_KEY_FILE\) must name the private key that belongs to the certificate, not "\/.*key\.pem"; for example .*$/
  )
  const redis = {
    REDIS_URL: 'rediss://redis',
    REDIS_TLS_CERT_FILE: one.certFile,
    REDIS_TLS_KEY_FILE: other.keyFile
  }
  t.match(lineOf(redis), /^redis\.tls\.keyFile \(REDIS_TLS_KEY_FILE\) must name the private key/)
})

t.test('files that hold something else stop the start, and are not quoted', async t => {
  const { one, notPem } = scene(t)
  const cases: [string, Record<string, string>][] = [
    ['SERVER_TLS_KEY_FILE', { SERVER_TLS_CERT_FILE: one.certFile, SERVER_TLS_KEY_FILE: notPem }],
    [
      'SERVER_TLS_KEY_FILE',
      { SERVER_TLS_CERT_FILE: one.certFile, SERVER_TLS_KEY_FILE: one.certFile }
    ],
    [
      'SERVER_TLS_CERT_FILE',
      { SERVER_TLS_CERT_FILE: one.keyFile, SERVER_TLS_KEY_FILE: one.keyFile }
    ],
    [
      'SERVER_TLS_CLIENT_CA_FILE',
      {
        SERVER_TLS_CERT_FILE: one.certFile,
        SERVER_TLS_KEY_FILE: one.keyFile,
        SERVER_TLS_CLIENT_CA_FILE: notPem
      }
    ],
    ['REDIS_TLS_CA_FILE', { REDIS_URL: 'rediss://redis', REDIS_TLS_CA_FILE: notPem }]
  ]
  for (const [name, env] of cases) {
    const line = lineOf(env)
    t.match(line, new RegExp(`\\(${name}\\) must name .*PEM`))
    t.notMatch(line, /\n|secret/)
  }
})
