import t from 'tap'
import type { SimulatorOptions } from '../../src/demo/simulator.ts'
import { checkFeed } from '../support/misp/checker.ts'
import { noon, startMispGateway } from '../support/misp/gateway-feeds.ts'
import { type Ask, download, fetching } from '../support/misp/http.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { readWithPyMisp } from '../support/misp/pymisp.ts'
import { liveUpstream } from '../support/misp-sync.ts'
import { preparePython, pythonTimeoutMs } from '../support/python.ts'
import { until } from '../support/redis.ts'
import { bundleFiles } from '../support/sample-bundle.ts'

/** What the gateway serves as a MISP feed, read by PyMISP, by a simulated MISP and by the static checker. */

t.setTimeout(2 * pythonTimeoutMs)
preparePython()

interface Source {
  readonly title: string
  readonly simulator: SimulatorOptions & { readonly now: number }
  /** Attributes that there are at least. */
  readonly least: number
}

const sources: readonly Source[] = [
  {
    title: 'a feed of 20,000 indicators',
    simulator: { objects: 40_000, historyDays: 120, now: noon },
    least: 15_000
  },
  ...bundleFiles(t).map(({ title, path }) => ({
    title,
    simulator: { file: path, objects: 0, now: Date.UTC(2021, 0, 29, 12) },
    least: 150
  }))
]

/** Events, Objects, and attributes with those of Objects. */
function countsOf(files: ReadonlyMap<string, string>) {
  const events = [...files].flatMap(([name, text]) =>
    name.endsWith('.json') && name !== 'manifest.json' ? [JSON.parse(text).Event] : []
  )
  const objects = events.flatMap(event => event.Object)
  const attributes = [...events, ...objects].flatMap(({ Attribute }) => Attribute)
  return { events: events.length, objects: objects.length, attributes: attributes.length }
}

/** What a MISP detects after one pull. */
async function pulled(ask: Ask, now: number): Promise<Set<string>> {
  const fetch = fetching(ask, '/misp')
  const misp = new MispInstance({ fetch, now: () => Math.floor(now / 1000) })
  const { failed, dropped } = await misp.pull()
  if (failed || dropped.length > 0) throw new Error(`${failed} ${JSON.stringify(dropped)}`)
  return new Set(misp.liveToIds().keys())
}

for (const { title, simulator, least } of sources) {
  t.test(`${title}: nobody has anything to remark, and nothing is missing`, async t => {
    const { now } = simulator
    const env = { MISP_WINDOW_DAYS: 'all' }
    const { ask, gateway, origin } = await startMispGateway(t, { env, simulator })
    await ask('/misp/manifest.json')
    await until(async () => /"status":"in sync"/.test((await ask('/misp/')).text))

    const files = await download(ask, '/misp')
    const counts = countsOf(files)
    t.ok(counts.attributes >= least, `${counts.attributes} attributes`)
    const problems = await checkFeed({
      manifest: Buffer.from(files.get('manifest.json')!),
      hashes: Buffer.from(files.get('hashes.csv')!),
      event: async uuid => Buffer.from(files.get(`${uuid}.json`)!),
      publishedAt: Math.floor(now / 1000)
    })
    t.strictSame(problems, [])

    const { key } = gateway.simulator
    const reading = await readWithPyMisp({ source: `${origin}/misp`, key })
    t.strictSame(reading, { ...counts, warnings: [] })

    t.strictSame(await pulled(ask, now), liveUpstream(gateway.simulator))
  })
}
