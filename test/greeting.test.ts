import { resolve } from 'node:path'
import t from 'tap'
import { greetingOf, greetingText, nextSteps, whatToTry } from '../src/greeting.ts'
import { loadShipped } from './support/shipped-config.ts'

const textOf = (env: Record<string, string>) => greetingText(greetingOf('1.2.3', loadShipped(env)))

t.test('the first lines say version, upstream and store', async t => {
  t.equal(
    textOf({ SEKOIA_URL: 'https://api.sekoia.io', DATA_DIR: 'data' }),
    `sekoia-feed-gateway 1.2.3
  upstream  https://api.sekoia.io
  store     SQLite in ${resolve('data')}`
  )
  t.match(textOf({}), /upstream {2}the built-in simulator, since SEKOIA_URL is not set\n/)
})

t.test('of Redis the servers are named, never the user and the password', async t => {
  const text = textOf({
    REDIS_URL: 'rediss://gateway:pass%40word@one.example.com:6380,two.example.com/0',
    REDIS_MODE: 'sentinel'
  })
  t.match(text, /store {5}Redis \(sentinel\) at one\.example\.com:6380, two\.example\.com$/)
  t.notMatch(text, /pass|gateway:/)
})

t.test('the page for people is named, unless it is switched off', async t => {
  const simulator = { url: 'http://127.0.0.1:1', size: 1 }
  const said = (env: Record<string, string>) => {
    const config = loadShipped(env)
    return nextSteps('http://gateway', config) + whatToTry('http://gateway', config, simulator)
  }
  t.match(said({}), /set-up {6}http:\/\/gateway\/ [\s\S]* Open http:\/\/gateway\/ in a browser/)
  t.notMatch(said({ PAGES_ENABLED: 'false' }), 'browser')
})

t.test('what to try next is under the address that clients see', async t => {
  const own = nextSteps('http://127.0.0.1:8080', loadShipped({ TAXII_API_ROOT: 'cti' }))
  t.match(own, 'http://127.0.0.1:8080/taxii2/')
  t.match(own, 'curl -u key:$SEKOIA_API_KEY http://127.0.0.1:8080/cti/collections/')
  t.match(own, 'http://127.0.0.1:8080/misp/')
  const env = { PUBLIC_URL: 'https://cti.example.com/sekoia/', MISP_ENABLED: 'false' }
  const outside = nextSteps('http://127.0.0.1:8080', loadShipped(env))
  t.match(outside, 'https://cti.example.com/sekoia/taxii2/')
  t.notMatch(outside, /127\.0\.0\.1|misp/)
})
