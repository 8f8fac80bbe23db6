import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs } from '../support/python.ts'

/**
 * Schemathesis against the document that the gateway gives: each operation is asked with what the document allows and
 * with what it does not. No answer may be a fault of the gateway (500), or one that the document does not have:
 * status, media type, headers, body, 405 with `Allow`, 401 without a key. Seeded and bounded by the number of
 * examples; docs/CONTRIBUTING.md names the longer run.
 */

t.setTimeout(pythonTimeoutMs)
const python = preparePython()
const config = fileURLToPath(new URL('schemathesis.toml', import.meta.url))

/** How it ended, and what it said. */
async function run(dir: string, address: string) {
  const options = ['--config-file', config, 'run', '--no-color', '--max-examples', '8']
  const command = join(dirname(python), 'schemathesis')
  const child = spawn(command, [...options, `${address}/openapi.json`], {
    cwd: dir,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const said: string[] = []
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', text => void said.push(text))
  const [code] = await once(child, 'close')
  return { code, said: said.join('') }
}

t.test('no answer is a fault of the gateway, and none is outside its document', async t => {
  const simulator = await startSimulator({ seed: 1, objects: 2000, key: 'demo-key' })
  t.teardown(() => simulator.close())
  const gateway = await startGateway(t, {
    SEKOIA_URL: simulator.url,
    NATIVE_PASS_THROUGH: 'all',
    AUTH_MAX_UNKNOWN_PER_MINUTE: '1000000'
  })
  const { code, said } = await run(t.testdir(), gateway.url)
  t.equal(code, 0, said)
  const { stdout } = await gateway.stop()
  const requests = stdout
    .split('\n')
    .filter(line => line.includes('"method"'))
    .map(line => JSON.parse(line))
  t.ok(requests.length > 1000, `${requests.length} requests`)
  const succeeded = requests.filter(
    ({ method, status }) => status >= 200 && status < 300 && method !== 'OPTIONS'
  )
  const routes = new Set(succeeded.map(({ method, route }) => `${method} ${route}`))
  t.ok(routes.size >= 30, `so many operations got something: ${routes.size}`)
  t.strictSame(
    requests.filter(({ status }) => status === 500),
    []
  )
})
