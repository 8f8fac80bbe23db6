import t, { type Test } from 'tap'
import type { SimulatorOptions } from '../../src/demo/simulator.ts'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { seriousFindings, startBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway-process.ts'

/** The set-up page in a browser, in front of a simulated Sekoia. */

const { openPage } = await startBrowser(t)

async function open(t: Test, options: GatewayOptions & { key?: string } = {}) {
  const gateway = await buildGateway(t, options)
  const page = await openPage(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto(await gateway.listen())
  const enter = async (key: string) => {
    await page.getByLabel(/key|token/i).fill(key)
    await page.keyboard.press('Enter')
  }
  return { ...gateway, page, enter }
}

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
  await page.getByText('<script>alert(1)</script>').waitFor()
  t.equal(await page.locator('main script, main img').count(), 0)
  for (const { title } of [{ title: '<script>alert(1)</script>' }, { title: titles[2]! }]) {
    await page.getByRole('radio', { name: `Set up ${title}` }).click()
    await page.getByText('curl', { exact: true }).waitFor()
  }
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
  t.equal(isWide, false, 'no title makes the page wider than the screen')
})

t.test(
  'axe finds nothing serious with every tile open, in light and in dark, small or large',
  async t => {
    const { page, enter, simulator } = await open(t)
    await enter(simulator.key)
    await page.getByText('curl', { exact: true }).waitFor()
    await page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
    await page.locator('#curl').getByRole('button', { name: 'Send its requests now' }).click()
    await page.locator('#curl .summary').waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      t.strictSame(await seriousFindings(page), [], colorScheme)
    }
    await page.setViewportSize({ width: 360, height: 740 })
    t.strictSame(await seriousFindings(page), [], 'on a phone')
    const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    t.equal(isWide, false, 'nothing is wider than a phone')
  }
)
