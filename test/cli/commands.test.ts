import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '../support/command.ts'
import { tracesOf } from '../support/traces.ts'

/** The command line itself: help, mistakes, and the configuration as it counts. */

const names = ['serve', 'check', 'config', 'status', 'feeds', 'warm', 'verify', 'backup', 'restore']
const secret = 'a-secret-of-thirty-two-characters'

t.test('--help names every command, and each tells its options and exit codes', async t => {
  const { code, out } = await run(['--help'])
  t.equal(code, 0)
  for (const name of names) {
    t.match(out, new RegExp(`^  ${name} `, 'm'))
    const help = await run([name, '--help'])
    t.equal(help.code, 0, name)
    t.match(help.out, new RegExp(`^Usage: gateway ${name} `))
    t.match(help.out, /Exit code: 0/)
  }
  t.strictSame(await run([]), await run(['--help']))
})

t.test('a mistake is one line that names it, with code 2', async t => {
  const mistakes: [string[], RegExp][] = [
    [['nonsense'], /^nonsense is no command/],
    [['verify'], /^usage: gateway verify FEED/],
    [['warm', 'a', 'b'], /^usage: gateway warm FEED/],
    [['check', '--nonsense'], /^Unknown option '--nonsense'/],
    [['constructor'], /^constructor is no command/]
  ]
  for (const [args, reason] of mistakes) {
    const { code, out, err } = await run(args)
    t.strictSame([code, out], [2, ''], args.join(' '))
    t.match(err, reason)
    t.notMatch(err, /\n/)
  }
})

t.test('an address that is none and a key that is none are named, not tried', async t => {
  const env = { SEKOIA_API_KEY: 'key' }
  for (const url of ['localhost:8080', 'nonsense', 'ftp://127.0.0.1']) {
    const { code, err } = await run(['status', '--url', url], env)
    t.strictSame([code, err], [2, '--url is an address such as http://127.0.0.1:8080'], url)
  }
  for (const key of ['two\nlines', 'clé-secrète']) {
    const { code, err } = await run(['status'], { SEKOIA_API_KEY: key })
    t.equal(code, 2)
    t.match(err, /^SEKOIA_API_KEY holds no key: /)
    t.notMatch(err, key)
  }
})

t.test('half an answer of the gateway is asked for again', async t => {
  let asked = 0
  const server = createServer((_request, response) => {
    response.setHeader('content-length', 13)
    if (asked++ > 0) return response.end('{"feeds":[]} ')
    response.write('{"feeds"')
    setImmediate(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { code, out } = await run(['feeds', '--url', url], { SEKOIA_API_KEY: 'key' })
  t.strictSame([code, asked], [0, 2])
  t.match(out, 'No feed was asked for yet.')
})

t.test('config: each value that was set with where it comes from, secrets hidden', async t => {
  const dir = t.testdir({
    'gateway.json': JSON.stringify({ taxii: { maxLimit: 2000 }, log: { level: 'warn' } }),
    token: `${secret}\n`
  })
  const env = {
    CONFIG_FILE: `${dir}/gateway.json`,
    LOG_LEVEL: 'debug',
    ACCESS_SECRET: secret,
    OPERATOR_TOKEN_FILE: `${dir}/token`,
    REDIS_URL: `redis://user:${secret}@redis.example.com`
  }
  const { code, out } = await run(['config'], env)
  t.equal(code, 0)
  t.match(out, /^taxii\.maxLimit \(TAXII_MAX_LIMIT\) +2000 +from .*gateway\.json$/m)
  t.match(out, /^log\.level \(LOG_LEVEL\) +"debug" +from LOG_LEVEL$/m, 'the environment wins')
  t.match(out, /^access\.secret \(ACCESS_SECRET\) +"\[hidden\]" +from ACCESS_SECRET$/m)
  t.match(out, /^operator\.token .* +"\[hidden\]" +from OPERATOR_TOKEN_FILE$/m)
  t.strictSame(tracesOf(secret, out), [])
  t.notMatch(out, /server\.port/, 'what is left at its default is not told')
  const all = JSON.parse((await run(['config', '--all', '--json'], env)).out)
  const shipped = JSON.parse(readFileSync('config/default.json', 'utf8'))
  t.ok(all.options.length > Object.keys(shipped).length)
  t.strictSame(tracesOf(secret, JSON.stringify(all)), [])
})

t.test('config: a variable that is nearly an option is named, a wrong value is code 2', async t => {
  const { out } = await run(['config'], { SEKIOA_URL: 'https://api.sekoia.io' })
  t.match(out, /SEKIOA_URL is not an option and is ignored; did you mean SEKOIA_URL\?/)
  const wrong = await run(['config'], { PORT: 'abc' })
  t.equal(wrong.code, 2)
  t.match(wrong.err, /^server\.port \(PORT\) must be/)
  const key = await run(['config'], { SEKOIA_API_KEY: secret })
  t.notMatch(key.out, 'SEKOIA_API_KEY', 'the key of the command line is known, and no option')
})

t.test('as a program it is one file, and says its version', async t => {
  const program = fileURLToPath(new URL('../../src/gateway.cjs', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--version'], {
    encoding: 'utf8'
  })
  t.strictSame([status, stderr], [0, ''])
  t.match(stdout, /^\d+\.\d+\.\d+\n$/)
})
