import t from 'tap'
import { parseRedisUrl, redisUrlPattern } from '../../src/stores/redis-url.ts'

const plain = { isTls: false, username: '', password: '', database: 0 }
const node = (host: string, port?: number) => ({ host, port })

t.test('parseRedisUrl: scheme, user, nodes and database', async t => {
  t.same(parseRedisUrl('redis://redis'), { ...plain, nodes: [node('redis')] })
  t.same(parseRedisUrl('rediss://redis.example.com:6380/'), {
    ...plain,
    isTls: true,
    nodes: [node('redis.example.com', 6380)]
  })
  t.same(parseRedisUrl('redis://gateway:pass@a:1,b,c:3/12'), {
    ...plain,
    username: 'gateway',
    password: 'pass',
    nodes: [node('a', 1), node('b'), node('c', 3)],
    database: 12
  })
  t.same(parseRedisUrl('redis://[2001:db8::1]:6379,[::1]').nodes, [
    node('2001:db8::1', 6379),
    node('::1')
  ])
})

t.test('parseRedisUrl: a password may come alone, hold colons, and be percent-encoded', async t => {
  t.match(parseRedisUrl('redis://:secret@redis'), { username: '', password: 'secret' })
  t.match(parseRedisUrl('redis://u:a:b@redis'), { username: 'u', password: 'a:b' })
  t.match(parseRedisUrl('redis://u:%40%2F%2C%c3%a9@redis'), { password: '@/,é' })
  t.match(parseRedisUrl('redis://u:100%@redis'), { password: '100%' })
})

t.test('redisUrlPattern: what is no URL of Redis is refused', async t => {
  const wrong = [
    '',
    'redis',
    'redis:6379',
    'http://redis',
    'redis://',
    'redis://a,',
    'redis://a:b:c',
    'redis://a b',
    'redis://a/db',
    'redis://a?tls=true',
    'redis://a,redis://b',
    'redis://u:p@ss@a'
  ]
  for (const url of wrong) {
    t.notMatch(url, new RegExp(redisUrlPattern))
    t.throws(() => parseRedisUrl(url), { message: 'not a URL of Redis' })
  }
})
