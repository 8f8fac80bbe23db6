import t from 'tap'
import { defaultFeed } from '../support/gateway.ts'
import { monthly, pageCalls, slowPages, startMispGateway } from '../support/misp/gateway-feeds.ts'
import { download } from '../support/misp/http.ts'
import { refused } from '../support/misp/refusal.ts'
import { until } from '../support/redis.ts'

/** A gateway that stops while it builds: it ends at its next step, and nothing is lost. */

t.setTimeout(180_000)

const simulator = { ...monthly, objects: 14_000 }
const env = { MISP_WALK_SECONDS: '0' }

/** The contents, without what depends on when something was published. */
const timeless = (files: ReadonlyMap<string, string>) =>
  new Map(
    [...files].map(([name, text]) => [name, text.replace(/imestamp":"\d+"/g, 'imestamp":""')])
  )

t.test(
  'closing ends the building at its next step; the next gateway goes on from there',
  async t => {
    const whole = await startMispGateway(t, { simulator, env })
    const files = timeless(await download(whole.ask, '/misp'))
    const pages = pageCalls(whole.gateway.simulator)

    const store = { dataDir: t.testdir() }
    const first = await startMispGateway(t, { simulator, env, store })
    slowPages(first.gateway.simulator, 4, 2000)
    t.equal((await first.ask('/misp/manifest.json')).status, 200, 'the first events are there')
    await until(() => pageCalls(first.gateway.simulator) >= 4)
    await first.gateway.close()
    const before = pageCalls(first.gateway.simulator)
    t.ok(before < pages, `${before} of ${pages} pages were read`)
    t.notMatch(first.gateway.logText(), /"level":(40|50|60)/, 'nothing went wrong')

    const again = await startMispGateway(t, { simulator, env, store })
    const listed = await again.ask('/misp/manifest.json')
    t.ok(listed.text.length < files.get('manifest.json')!.length, 'what was published is served')
    await until(async () => /"status":"in sync"/.test((await again.ask('/misp/')).text))
    t.ok(pageCalls(again.gateway.simulator, defaultFeed) < pages, 'what was read is not read again')
    t.strictSame(timeless(await download(again.ask, '/misp')), files)
  }
)

t.test('who waits for a first manifest is told at once that the gateway stops', async t => {
  const { gateway, ask } = await startMispGateway(t, {
    simulator,
    env: { ...env, UPSTREAM_HEADERS_TIMEOUT_MS: '2000', UPSTREAM_MAX_ATTEMPTS: '1' }
  })
  gateway.simulator.faults.rate({ kind: 'slow', delayMs: 100_000_000, match: 'cursor' })
  const waiting = [ask('/misp/manifest.json'), ask('/misp/manifest.json')]
  await until(() => pageCalls(gateway.simulator) > 1)
  const closed = gateway.close()
  for (const answer of await Promise.all(waiting)) {
    const text = refused(t, answer, 503, { name: 'manifest.json', key: gateway.simulator.key })
    t.match(text, /stop/)
  }
  await closed
})

t.test('a gateway that stops between two rounds, or was never asked, just stops', async t => {
  const idle = await startMispGateway(t)
  await idle.gateway.close()
  const published = await startMispGateway(t)
  await published.ask('/misp/manifest.json')
  await published.gateway.close()
  for (const { gateway } of [idle, published]) t.notMatch(gateway.logText(), /"level":(40|50|60)/)
})
