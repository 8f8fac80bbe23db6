import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { ClientsView } from '../../src/gateway/schemas.ts'
import { buildGateway } from '../support/app.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'

/** The files that the set-up page hands out, read by what their product reads them with. */

t.setTimeout(pythonTimeoutMs)
preparePython()

const id = '11111111-1111-4111-8111-111111111111'
/** Quotes of every kind, what steers text, and what YAML, JSON and a shell take for their own. */
const title = `it's "quoted" \\ # : { [ %TAB $HOME \`id\` \u202E\u200B\uFFFF ü 😀 ${'x'.repeat(300)}`

async function filesOf(t: Test) {
  const { send } = await buildGateway(t, {
    simulator: { objects: 20, feeds: [{ id, title, sort_order: 'asc' }] }
  })
  const { json } = await send({ url: `/gateway/v1/clients?feed=${id}` })
  const view = json<ClientsView>()
  return { title: view.title, files: view.clients.flatMap(({ file }) => file ?? []) }
}

t.test('each file says what it was made of, whatever the title of the feed', async t => {
  const { title: shown, files } = await filesOf(t)
  t.ok(shown.includes('"quoted"'))
  const directory = t.testdir()
  const read = async (name: string): Promise<unknown> => {
    const { text } = files.find(file => file.name === name)!
    if (name.endsWith('.json')) return JSON.parse(text)
    const path = join(directory, name)
    writeFileSync(path, text)
    return runScript('parse_file.py', [path])
  }
  t.match(await read('sentinel-taxii.json'), {
    resources: [{ properties: { friendlyName: shown, collectionId: id } }]
  })
  t.match(await read('elastic-ti-custom.json'), {
    inputs: {
      'ti_custom-cel': { streams: { 'ti_custom.indicator': { vars: { feed_name: shown } } } }
    }
  })
  t.match(await read('sumo-taxii2.json'), { ti_user_source_id: shown })
  t.match(await read('misp-feed.json'), [{ Feed: { name: shown, source_format: 'misp' } }])
  t.match(await read('stix-taxii.env.yml'), {
    TAXII_COLLECTION_NAMES: shown,
    TAXII_VERSION: '2.1',
    POLL_INTERVAL: '60'
  })
  t.match(await read('opencti-taxii2.yml'), {
    services: {
      'connector-taxii2': {
        environment: { TAXII2_COLLECTIONS: `sekoia.${shown.replaceAll('$', '$$$$')}` }
      }
    }
  })
  t.match(await read('opencti-misp-feed.yml'), {
    services: { 'connector-misp-feed': { environment: { MISP_FEED_SOURCE_TYPE: 'url' } } }
  })
  t.match(await read('opencti-sekoia.yml'), {
    services: { 'connector-sekoia': { environment: { SEKOIA_COLLECTION: id } } }
  })
  t.match(await read('read_feed.py'), { TITLE: shown })
})

t.test('no file holds a key', async t => {
  const { files } = await filesOf(t)
  t.ok(files.length > 8)
  for (const { name, text } of files) t.notMatch(text, 'sio_simulator', name)
})

t.test('the Python script reads the whole feed, and the next time what is new', async t => {
  const { url } = await startGateway(t, { DEMO_OBJECTS: '1200' })
  const headers = { authorization: 'Bearer demo-key' }
  const view = (await (await fetch(`${url}/gateway/v1/clients`, { headers })).json()) as ClientsView
  const { text } = view.clients
    .flatMap(({ file }) => file ?? [])
    .find(({ name }) => name === 'read_feed.py')!
  const directory = t.testdir({ 'read_feed.py': text })
  const run = async () => {
    const { stdout } = await promisify(execFile)(preparePython(), ['-B', 'read_feed.py'], {
      cwd: directory,
      env: { SEKOIA_API_KEY: 'demo-key' },
      maxBuffer: 2 ** 26
    })
    return stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).id)
  }
  t.equal(new Set(await run()).size, 1200)
  t.strictSame(await run(), [])
})

t.test('a shell takes the script for curl', async t => {
  const { files } = await filesOf(t)
  const { text } = files.find(({ name }) => name === 'read-feed.sh')!
  const directory = t.testdir({ 'read-feed.sh': text })
  await t.resolves(promisify(execFile)('sh', ['-n', join(directory, 'read-feed.sh')]))
})
