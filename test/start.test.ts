import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** The launcher: what an operator reads whose Node cannot run the gateway. */

const launcher = fileURLToPath(new URL('../src/start.cjs', import.meta.url))
const { whyNot } = createRequire(import.meta.url)(launcher) as {
  whyNot(version: string, stripsTypes: unknown, path: string): string | undefined
}

const run = (...args: string[]) => spawnSync(process.execPath, args, { encoding: 'utf8' })

t.test('a Node that is new enough and runs TypeScript is let through', async t => {
  for (const version of ['v24.0.0', 'v24.21.0', 'v100.1.0'])
    t.equal(whyNot(version, 'strip', '/usr/bin/node'), undefined)
})

t.test('an older Node is told by version and path, with what to do', async t => {
  for (const version of ['v8.17.0', 'v20.20.2', 'v23.99.0']) {
    const reason = whyNot(version, 'strip', '/usr/bin/node')
    t.match(reason, `needs Node 24 or newer, and /usr/bin/node is ${version}: install Node 24`)
    t.match(reason, /npm ci` without --ignore-scripts/)
  }
})

t.test('a Node that was built without TypeScript is told as that', async t => {
  for (const stripsTypes of [false, undefined])
    t.match(
      whyNot('v24.1.0', stripsTypes, '/opt/node'),
      /a Node that runs TypeScript, and \/opt\/node/
    )
})

t.test('started on an old Node it writes that one line and no stack, and ends with 1', async t => {
  const dir = t.testdir({
    'old.cjs': "Object.defineProperty(process, 'version', { value: 'v20.20.2' })"
  })
  const { status, stdout, stderr } = run('--require', join(dir, 'old.cjs'), launcher)
  t.strictSame([status, stdout], [1, ''])
  t.match(stderr, /^sekoia-feed-gateway needs Node 24 .* is v20\.20\.2: .*\.\n$/)
})

t.test('without its dependencies it says to install them, in one line', async t => {
  const dir = t.testdir({ 'main.ts': "import 'a-package-that-is-not-there'" })
  copyFileSync(launcher, join(dir, 'start.cjs'))
  const { status, stdout, stderr } = run(join(dir, 'start.cjs'))
  t.strictSame([status, stdout], [1, ''])
  t.match(stderr, /^sekoia-feed-gateway is not installed whole: run `npm ci` first\.\n$/)
})

t.test('a fault of the gateway itself is told with its stack', async t => {
  const dir = t.testdir({ 'main.ts': "throw new TypeError('a fault' as string)" })
  copyFileSync(launcher, join(dir, 'start.cjs'))
  const { status, stderr } = run(join(dir, 'start.cjs'))
  t.equal(status, 1)
  t.match(stderr, /TypeError: a fault\n {4}at .*main\.ts:1/)
})

t.test('it starts the file it is given, which finds its own arguments in place', async t => {
  const dir = t.testdir({
    'other.ts': 'const given: string[] = process.argv.slice(2); console.log(given.join())'
  })
  const { status, stdout } = run(launcher, join(dir, 'other.ts'), '--port', '0')
  t.strictSame([status, stdout], [0, '--port,0\n'])
})

t.test('code is kept as it was compiled, beside the packages, for threads too', async t => {
  const dir = t.testdir({
    node_modules: {},
    src: { 'main.ts': 'console.log(process.env.NODE_COMPILE_CACHE as string)' }
  })
  copyFileSync(launcher, join(dir, 'src/start.cjs'))
  const start = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [join(dir, 'src/start.cjs')], {
      encoding: 'utf8',
      env
    }).stdout.trim()
  const path = join(dir, 'node_modules/.cache/sekoia-feed-gateway')
  t.equal(start({}), path)
  t.ok(existsSync(path))
  t.equal(
    start({ NODE_COMPILE_CACHE: join(dir, 'own') }),
    join(dir, 'own'),
    'unless another place is named'
  )
})

t.test('where nothing can be kept it starts all the same', async t => {
  const dir = t.testdir({
    node_modules: { '.cache': 'a file' },
    src: { 'main.ts': "console.log('started' as string)" }
  })
  copyFileSync(launcher, join(dir, 'src/start.cjs'))
  const { stdout, stderr } = run(join(dir, 'src/start.cjs'))
  t.strictSame([stdout, stderr], ['started\n', ''])
})
