import t, { type Test } from 'tap'
import type { GatewayOptions } from '../support/app.ts'
import { seriousFindings, startBrowser } from '../support/browser.ts'
import { openFirstPage } from '../support/first-page.ts'

/** What every page shares, in a browser: the question for a key, and what becomes of it. */

const browser = await startBrowser(t)

const open = (t: Test, options?: GatewayOptions) => openFirstPage(t, browser, options)

t.test('a key that Sekoia accepts opens the page, by the keyboard alone', async t => {
  const { page, simulator } = await open(t)
  await page.keyboard.type(simulator.key)
  await page.keyboard.press('Enter')
  await page.getByText('key accepted').waitFor()
  t.notMatch(page.url(), simulator.key)
})

t.test('a wrong key is told, in words, and not kept', async t => {
  const { page, enter } = await open(t)
  await enter('nobody')
  const trouble = await page.getByRole('alert').filter({ hasText: 'does not accept' }).innerText()
  t.match(trouble, 'mistyped, expired or revoked')
  await page.reload()
  await page.getByLabel('Sekoia API key').waitFor()
  t.equal(await page.evaluate('sessionStorage.length'), 0)
})

t.test('a key stays in the tab until it is forgotten, and nowhere else', async t => {
  const { page, enter, simulator } = await open(t)
  await enter(simulator.key)
  await page.getByText('key accepted').waitFor()
  await page.reload()
  await page.getByText('key accepted').waitFor()
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByLabel('Sekoia API key').waitFor()
  t.strictSame(await page.context().cookies(), [])
  t.equal(await page.evaluate('localStorage.length'), 0)
  await page.getByRole('button', { name: 'Forget it' }).click()
  await page.getByLabel('Sekoia API key').waitFor()
  t.equal(await page.evaluate('sessionStorage.length'), 0)
})

t.test('the operator token opens the page as well', async t => {
  const token = 'operator-token-of-this-test'
  const { page, enter } = await open(t, { env: { OPERATOR_TOKEN: token } })
  await enter(token)
  await page.getByText('operator', { exact: true }).waitFor()
})

t.test('a Sekoia that cannot be asked is not a wrong key', async t => {
  const { page, enter, simulator } = await open(t)
  await simulator.refuse()
  await enter(simulator.key)
  await page.getByRole('alert').filter({ hasText: 'Sekoia cannot be asked now' }).waitFor()
})

t.test('a demo tells its key', async t => {
  const { page } = await open(t)
  await page.getByText('Its key is demo-key').waitFor()
})

t.test('axe finds nothing serious in the question, in light and in dark', async t => {
  const { page } = await open(t)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    t.strictSame(await seriousFindings(page), [], colorScheme)
  }
})
