import type { IncomingHttpHeaders } from 'node:http'
import { inspect } from 'node:util'
import t from 'tap'
import { defaultCredentialOptions, parseCredential } from '../../src/auth/credential.ts'
import { createScopes } from '../../src/auth/scope.ts'
import { ApiKey } from '../../src/kernel/caller.ts'

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

t.test('what is not a usable key is nobody', async t => {
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Basic',
    'Basic %%%',
    `Basic ${base64('nocolon')}`,
    `Basic ${base64(':')}`,
    `Basic ${base64('None:None')}`,
    `Basic ${base64('user:with space')}`,
    `Basic ${base64('user:new\nline')}`,
    `Basic ${base64('user:naïve')}`,
    `Bearer ${'x'.repeat(257)}`,
    'Digest sio_key',
    'sio_key'
  ]) {
    t.equal(read({ authorization }), undefined, authorization)
  }
  t.equal(read({ authorization: `Bearer ${'x'.repeat(256)}` })?.length, 256)
  t.equal(read({ 'x-api-key': 'one, two' }), undefined)
})

t.test('a key in the query is looked at only where the operator names the parameter', async t => {
  const url = '/taxii2/?limit=1&apikey=sio_key'
  t.equal(read({}, url), undefined)
  t.equal(read({}, url, { queryParameter: 'apikey' }), 'sio_key')
  t.equal(read({}, '/taxii2/', { queryParameter: 'apikey' }), undefined)
  t.equal(read({}, '/?apikey=%zz%0A', { queryParameter: 'apikey' }), undefined)
  t.equal(read({ authorization: 'Bearer first' }, url, { queryParameter: 'apikey' }), 'first')
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
