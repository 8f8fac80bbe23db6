import t from 'tap'
import { publicTrouble } from '../../src/ops/public-trouble.ts'

t.test('K11: what anybody may read of a trouble names no path, host or user', async t => {
  const told: [string, string][] = [
    [
      "the data directory cannot be used: ENOTDIR: not a directory, mkdir '/var/lib/secret'",
      'the data directory cannot be used: the path is no directory'
    ],
    ['writing failed: database or disk is full', 'writing failed: the disk is full'],
    [
      'reading failed: Redis is not connected: connect ECONNREFUSED 10.1.2.3:6379',
      'reading failed: no connection'
    ],
    [
      'connecting failed: getaddrinfo ENOTFOUND redis.internal.example.com',
      'connecting failed: no connection'
    ],
    [
      'connecting failed: Redis did not answer within 2000 ms',
      'connecting failed: no answer in time'
    ],
    ["writing failed: NOPERM User 'gateway' has no permissions", 'writing failed: not permitted'],
    [
      'the data directory cannot be used: /srv/x/feed-log.sqlite: file is not a database',
      'the data directory cannot be used: the file is damaged'
    ],
    ['writing failed: something about /etc/passwd', 'writing failed'],
    ['something else at redis.example.com', 'the store is in trouble']
  ]
  for (const [text, words] of told) t.equal(publicTrouble(text), words)
  t.equal(publicTrouble(undefined), undefined)
})
