import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { defaultFeedId } from '../../src/demo/feeds/feeds.ts'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'
import { padded } from '../support/walks.ts'

/** The two scripts of Sekoia's documentation, in our words: the base URL is all that tells gateway from Sekoia. */

t.setTimeout(pythonTimeoutMs)
preparePython()

type Version = [id: string, modified: string | null]

t.test('a whole feed, then nothing, then an edit; and a look-up', async t => {
  const simulator = await startSimulator({ objects: 5000, to: Date.UTC(2025, 0, 1) })
  t.teardown(() => simulator.close())
  const { url } = await startGateway(t, { SEKOIA_URL: simulator.url, FEED_LOG_TIP_SECONDS: '1' })
  const dir = t.testdir()
  const read = async (base: string, name: string): Promise<string[]> => {
    const store = join(dir, name)
    const versions = await runScript<Version[]>('feed_script.py', [
      base,
      simulator.key,
      defaultFeedId,
      store
    ])
    return versions.map(([id, modified]) => `${id} ${padded(modified ?? '')}`)
  }
  const value = 'bad.example'
  const [id = ''] = simulator.add({
    type: 'indicator',
    name: value,
    pattern: `[domain-name:value = '${value}']`,
    x_ic_observable_types: ['domain-name']
  })
  const both = async () => [await read(url, 'gateway'), await read(simulator.url, 'sekoia')]

  const [through = [], direct = []] = await both()
  t.equal(direct.length, 5001)
  t.same(through, direct)
  t.same(await both(), [[], []])
  const modified = padded(simulator.edit(id))
  await delay(1100)
  t.same(await both(), [[`${id} ${modified}`], [`${id} ${modified}`]])

  const lookUp = (base: string, text: string) =>
    runScript('lookup_script.py', [base, simulator.key, 'domain-name', text])
  t.same(await lookUp(url, value), await lookUp(simulator.url, value))
  t.same(await lookUp(`${url}/api`, 'unknown.example'), { items: [], has_more: false })
})

t.test(
  'a script that ran at Sekoia goes on at the gateway with its own file, and back',
  async t => {
    const simulator = await startSimulator({ objects: 3000, to: Date.UTC(2025, 0, 1) })
    t.teardown(() => simulator.close())
    const { url } = await startGateway(t, { SEKOIA_URL: simulator.url, FEED_LOG_TIP_SECONDS: '1' })
    const store = join(t.testdir(), 'cursor')
    const run = (base: string) =>
      runScript<Version[]>('feed_script.py', [base, simulator.key, defaultFeedId, store])
    t.equal((await run(simulator.url)).length, 3000)
    const [first = ''] = simulator.add(1)
    t.same(
      (await run(url)).map(([id]) => id),
      [first]
    )
    const [second = ''] = simulator.add(1)
    t.same(
      (await run(simulator.url)).map(([id]) => id),
      [second]
    )
    await delay(1100)
    t.same(await run(url), [])
  }
)
