import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { defaultFeedId } from '../../src/demo/feeds/feeds.ts'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'

/** gzip answers that are put together out of parts, and what real clients make of them. */

t.setTimeout(pythonTimeoutMs)
preparePython()

const run = promisify(execFile)

t.test('Node, fetch, curl, gzip, requests, urllib3 and zlib read the same bytes', async t => {
  const simulator = await startSimulator({ objects: 3000 })
  t.teardown(() => simulator.close())
  const gateway = await startGateway(t, { SEKOIA_URL: simulator.url })
  const url = `${gateway.url}/sekoia/collections/${defaultFeedId}/objects/?limit=2150`
  const authorization = `Bearer ${simulator.key}`
  const accept = 'application/taxii+json;version=2.1'
  const ask = async (coding: string) => {
    const headers = { authorization, accept, 'accept-encoding': coding }
    const [answer] = await once(get(url, { headers }), 'response')
    return { coding: answer.headers['content-encoding'], bytes: await buffer(answer) }
  }
  await ask('gzip')
  const plain = await ask('identity')
  const gzip = await ask('gzip')
  t.equal(gzip.coding, 'gzip')
  t.equal(gzip.bytes[9], 0xff, 'it is put together out of parts')
  const digest = hash('sha256', plain.bytes)
  t.equal(hash('sha256', gunzipSync(gzip.bytes)), digest, 'Node')

  const fetched = await fetch(url, { headers: { authorization, accept } })
  t.match(fetched.headers.get('content-encoding'), /^(gzip|br|zstd)$/)
  t.equal(hash('sha256', Buffer.from(await fetched.arrayBuffer())), digest, 'fetch')
  const headers = { authorization, accept, 'accept-encoding': 'gzip' }
  const unzipped = await fetch(url, { headers })
  t.equal(hash('sha256', Buffer.from(await unzipped.arrayBuffer())), digest, 'fetch of gzip')

  const options = ['--header', `Authorization: ${authorization}`, '--header', `Accept: ${accept}`]
  const coding = ['--header', 'Accept-Encoding: gzip']
  const curl = ['--silent', '--compressed', ...coding, ...options, url]
  const told = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const
  t.equal(hash('sha256', (await run('curl', curl, told)).stdout), digest, 'curl')

  const testing = run('gzip', ['--test'])
  testing.child.stdin!.end(gzip.bytes)
  t.same(await testing, { stdout: '', stderr: '' }, 'gzip -t')

  const python = await runScript<Record<string, string>>('gzip_page.py', [url, simulator.key])
  t.same(Object.keys(python), ['requests', 'urllib3', 'gzip', 'byte by byte'])
  for (const [name, found] of Object.entries(python)) t.equal(found, digest, name)
})
