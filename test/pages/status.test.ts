import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { checkLooks, startBrowser } from '../support/browser.ts'
import { defaultFeed } from '../support/gateway.ts'
import { basic } from '../support/taxii-server.ts'

/** The status page in a browser. The time of the page is the test's: it refreshes when it is told to. */

const { openPage } = await startBrowser(t)

const token = 'operator-token-of-this-test'
const objects = `/sekoia/collections/${defaultFeed}/objects/`

async function open(t: Test, options: GatewayOptions = {}, credential = token) {
  const gateway = await buildGateway(t, {
    ...options,
    env: { OPERATOR_TOKEN: token, ...options.env }
  })
  const page = await openPage(t)
  await page.clock.install()
  const origin = await gateway.listen()
  await page.goto(`${origin}/status`)
  await page.getByLabel(/key|token/i).fill(credential)
  await page.keyboard.press('Enter')
  await page.getByText('refreshes by itself').waitFor()
  const refresh = async () => {
    await page.clock.runFor(2000)
    await setTimeout(20)
  }
  /** Lets the page refresh until it shows the text. */
  const seeing = async (text: string | RegExp, region = page.locator('main')) => {
    const wanted = region.getByText(text).first()
    for (let times = 0; !(await wanted.isVisible()); times++) {
      if (times > 300) throw new Error(`${text} is not there: ${await region.innerText()}`)
      await refresh()
    }
  }
  return { ...gateway, page, seeing, refresh }
}

const section = (page: Awaited<ReturnType<typeof openPage>>, name: string) =>
  page.getByRole('region', { name })

t.test('the progress of a first walk moves, and ends', async t => {
  const { send, page, seeing, refresh } = await open(t, {
    simulator: { objects: 3000, historyDays: 30 },
    env: { FEED_LOG_PAGE_LIMIT: '100' }
  })
  const bar = page.getByRole('progressbar', { name: 'First reading' })
  const shown: number[] = []
  let next: string | undefined = ''
  while (next !== undefined) {
    const place: string = next && `&next=${next}`
    next = (await send({ url: `${objects}?limit=600${place}` })).json().next
    await Promise.all([page.waitForResponse('**/gateway/v1/feeds'), page.clock.runFor(6000)])
    shown.push(
      ...(await bar.evaluateAll(bars => bars.map(one => Number(one.getAttribute('value')))))
    )
  }
  t.ok(new Set(shown).size >= 2, `${shown}`)
  t.strictSame(
    shown,
    shown.toSorted((a, b) => a - b)
  )
  while ((await bar.count()) > 0) await refresh()
  await seeing('3,000', section(page, 'Feeds'))
})

t.test('a consumer is reading, then stuck, then gone', async t => {
  const { send, page, seeing, simulator } = await open(t, { simulator: { objects: 300 } })
  const headers = { authorization: basic('opencti', simulator.key), 'user-agent': 'opencti/6.8' }
  const row = section(page, 'Consumers').getByRole('row', { name: /opencti/ })
  const ask = () => send({ url: `${objects}?limit=100`, headers })
  await ask()
  await seeing('reading', row)
  for (let times = 0; times < 4; times++) {
    simulator.clock.advance(60_000)
    await ask()
  }
  await seeing('stuck', row)
  t.match(await row.innerText(), '4 repeats')
  simulator.clock.advance(3 * 3_600_000)
  await seeing('gone', row)
  await section(page, 'Consumers').getByLabel('State').selectOption('stuck')
  await section(page, 'Consumers').getByText('None is like that.').waitFor()
})

t.test('an outage of Sekoia shows by itself, and its end', async t => {
  const { send, page, seeing, refresh, simulator } = await open(t)
  const verdict = page.getByRole('status').first()
  const poll = async () => {
    for (let polls = 0; polls < 12; polls++) {
      simulator.clock.advance(61_000)
      await send({ url: objects })
    }
  }
  await send({ url: objects })
  await seeing('0 failed')
  simulator.faults.rate({ kind: 'status', status: 503 })
  await poll()
  await seeing('Sekoia fails call after call', verdict)
  await seeing(/calls in 15 min: [1-9]\d* failed/)
  simulator.faults.clear()
  await poll()
  while (/fails|cannot be read on/.test(await verdict.innerText())) await refresh()
})

t.test('while the gateway gives no answer that is told, and what was shown stays', async t => {
  const { send, page, seeing } = await open(t)
  await send({ url: objects })
  await seeing('Sekoia default feed')
  await page.route('**/gateway/v1/*', route => route.fulfill({ status: 502, body: '<html>' }))
  await seeing('Not refreshed: Bad Gateway')
  t.ok(await page.getByText('Sekoia default feed').isVisible())
  await page.unroute('**/gateway/v1/*')
  await seeing('refreshes by itself')
})

t.test('a feed that is left out says why and what to change; MISP tells its sum', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const { send, page, seeing, simulator } = await open(t, {
    simulator: { objects: 300, feeds: [{ id }] }
  })
  simulator.faults.rate({ kind: 'status', status: 403, match: id })
  await send({ url: '/sekoia/collections/' })
  await send({ url: '/misp/manifest.json' })
  await seeing(/live indicators: .* detected, .* context/)
  const left = section(page, 'Feeds').getByRole('article').filter({ hasText: id })
  t.match(await left.innerText(), /Left out of the list: .*permission/)
})

t.test('the history: blocks and plots, read with the pointer or the arrow keys', async t => {
  const { send, page } = await open(t)
  await send({ url: objects })
  await page.reload()
  await page
    .getByRole('img', { name: /Clients: of 48 half hours 0 bad, 0 doubtful, 1 good/ })
    .waitFor()
  const plot = page.getByRole('slider', { name: /Requests an hour/ })
  t.match(await plot.getAttribute('aria-valuetext'), /served [1-9]\d*, .*failed 0/)
  await plot.focus()
  await page.keyboard.press('ArrowLeft')
  t.match(await plot.getAttribute('aria-valuetext'), 'served 0')
  await page.getByRole('button', { name: '30 days' }).click()
  t.equal(await plot.getAttribute('aria-valuemax'), '719')
})

t.test('a key sees what is its own, and no history', async t => {
  const { send, page, seeing, simulator } = await open(t, {}, 'sio_simulator')
  simulator.putKey('key-of-ann')
  const others = { authorization: basic('ann', 'key-of-ann'), 'user-agent': 'agent-ann/1' }
  await send({ url: objects, headers: others })
  await send({ url: objects, headers: { 'user-agent': 'own-agent/1' } })
  await seeing('own-agent/1')
  t.notMatch(await page.locator('main').innerText(), /\bann\b|agent-ann/)
  t.equal(await page.getByRole('slider').count(), 0)
  t.ok(await page.getByText('This is what belongs to your key.').isVisible())
})

t.test('titles, names and agents that mean harm stay text', async t => {
  const harm = '<img src=x onerror="harmed = true">'
  const title = `${harm}\u202E\u2066${'A'.repeat(100_000)}`
  const { send, page, seeing, simulator } = await open(t, {
    simulator: { objects: 60, feeds: [{ title }] }
  })
  const headers = { authorization: basic(harm, simulator.key), 'user-agent': `${harm}</td>` }
  await send({ url: '/sekoia/collections/', headers })
  await send({ url: objects, headers })
  await seeing(harm, section(page, 'Consumers'))
  await seeing(`${harm}⟨U+202E⟩⟨U+2066⟩AAA`, section(page, 'Feeds'))
  t.equal(await page.evaluate('globalThis.harmed'), undefined)
  t.equal(await page.locator('main img').count(), 0)
  t.ok((await page.locator('main').innerText()).length < 10_000)
})

t.test('axe finds nothing serious, in light on a screen and in dark on a phone', async t => {
  const { send, page, seeing } = await open(t, { simulator: { objects: 300 } })
  await send({ url: `${objects}?limit=100` })
  await send({ url: '/misp/manifest.json' })
  await seeing('reading', section(page, 'Consumers').getByRole('row', { name: /taxii/ }))
  await checkLooks(t, page)
})
