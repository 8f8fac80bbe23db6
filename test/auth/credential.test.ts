import type { IncomingHttpHeaders } from 'node:http'
import { inspect } from 'node:util'
import t from 'tap'
import { parseCredential } from '../../src/auth/credential.ts'
import { createScopes } from '../../src/auth/scope.ts'
import { ApiKey } from '../../src/kernel/caller.ts'
import { defaultCredentialOptions } from '../support/credential-options.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const read = (headers: IncomingHttpHeaders, url = '/', options = {}): string | undefined =>
  parseCredential(headers, url, { ...defaultCredentialOptions, ...options })?.reveal()

t.test('a key is found by every style of the field', async t => {
  const found: [string, IncomingHttpHeaders][] = [
    ['Bearer', { authorization: 'Bearer sio_key' }],
    ['Bearer in another case', { authorization: 'bEARER   sio_key' }],
    ['Token', { authorization: 'token sio_key' }],
    ['Basic password', { authorization: `Basic ${base64('any user:sio_key')}` }],
    ['Basic password behind a colon in it', { authorization: `Basic ${base64('a:sio_key')}` }],
    ['Basic without a user', { authorization: `basic ${base64(':sio_key')}` }],
    ['Basic user without a password', { authorization: `Basic ${base64('sio_key:')}` }],
    [
      'Basic in URL-safe base64',
      { authorization: `Basic ${base64('??>:sio_key').replace('/', '_')}` }
    ],
    ['the default header', { 'x-api-key': 'sio_key' }],
    ['the header beside nobody', { authorization: 'Basic Tm9uZTpOb25l', 'x-api-key': 'sio_key' }]
  ]
  for (const [title, headers] of found) t.equal(read(headers), 'sio_key', title)
  t.equal(read({ authorization: `Basic ${base64('u:a:b')}` }), 'a:b')
  t.equal(read({ 'x-key': 'sio_key' }, '/', { headerName: 'x-key' }), 'sio_key')
  t.equal(read({ 'x-api-key': 'sio_key' }, '/', { headerName: 'x-key' }), undefined)
})

const nobody = [
  '',
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'Basic',
  `Basic ${base64(':')}`,
  `Basic ${base64('None:None')}`,
  `Basic ${base64('user:with space')}`,
  `Basic ${base64('user:naïve')}`,
  `Bearer ${'x'.repeat(4097)}`,
  'Digest sio_key',
  'Negotiate'
]

t.test('what is not a usable key is nobody', async t => {
  for (const authorization of nobody) {
    t.equal(read({ authorization }), undefined, authorization)
    t.equal(read({ authorization }, '/', { lenient: false }), undefined, authorization)
  }
  t.equal(read({ 'x-api-key': 'one, two' }), undefined)
})

t.test('a key may have up to 4 kB, wherever it stands', async t => {
  const key = 'x'.repeat(4096)
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { authorization: `Basic ${base64(`user:${key}`)}` },
    { authorization: key },
    { 'x-api-key': key }
  ])
    t.equal(read(headers), key)
})

t.test(
  'field mode: the forms that people write are understood; strict mode: they are not',
  async t => {
    // Sekoia's keys are JSON Web Tokens; this one happens to decode to bytes that hold a colon.
    const unlucky = Buffer.from([0xff, 0x3a, 0x80, 0xc1, 0x3a, 0x00]).toString('base64')
    const written: [string, string, string][] = [
      ['Basic before the key itself', 'Basic eyJhbGciOi.J9.x_-', 'eyJhbGciOi.J9.x_-'],
      ['the same, where the key looks like base64', `Basic ${unlucky}`, unlucky],
      ['the same, of one word', `Basic ${base64('nocolon')}`, base64('nocolon')],
      ['ApiKey', 'ApiKey sio_key', 'sio_key'],
      ['Api-Key', 'api-key sio_key', 'sio_key'],
      ['no scheme', 'sio_key', 'sio_key']
    ]
    for (const [title, authorization, key] of written) {
      t.equal(read({ authorization }), key, title)
      t.equal(read({ authorization }, '/', { lenient: false }), undefined, `strict: ${title}`)
    }
  }
)

t.test('a newline that a shell left behind the password is no part of it', async t => {
  for (const end of ['\n', '\r\n'])
    t.equal(read({ authorization: `Basic ${base64(`user:sio_key${end}`)}` }), 'sio_key')
})

t.test('the named header wins over the credentials of a proxy in front', async t => {
  for (const authorization of [`Basic ${base64('proxy:its password')}`, 'Bearer of-the-proxy'])
    t.equal(read({ authorization, 'x-api-key': 'sio_key' }), 'sio_key')
  t.equal(read({ authorization: 'Bearer sio_key', 'x-api-key': 'not usable' }), 'sio_key')
})

t.test('a key in the query is looked at only where the operator names the parameter', async t => {
  const url = '/taxii2/?limit=1&apikey=sio_key'
  t.equal(read({}, url), undefined)
  t.equal(read({}, url, { queryParameter: 'apikey' }), 'sio_key')
  t.equal(read({}, '/taxii2/', { queryParameter: 'apikey' }), undefined)
  t.equal(read({}, '/?apikey=%zz%0A', { queryParameter: 'apikey' }), undefined)
  t.equal(read({ authorization: 'Bearer other' }, url, { queryParameter: 'apikey' }), 'sio_key')
})

t.test('G6: the scope is an HMAC of 32 hex digits that the secret and the key decide', async t => {
  const toCaller = createScopes(Buffer.from('secret'))
  const { key, scope } = toCaller(new ApiKey('sio_key'))
  t.match(scope, /^[0-9a-f]{32}$/)
  t.equal(toCaller(new ApiKey('sio_key')).scope, scope)
  t.not(toCaller(new ApiKey('sio_kez')).scope, scope)
  t.not(createScopes(Buffer.from('other'))(new ApiKey('sio_key')).scope, scope)
  t.notMatch(inspect({ key, scope }) + JSON.stringify({ key, scope }), 'sio_key')
})
