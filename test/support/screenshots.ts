import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { History } from '../../src/history/history.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'
import { launchChromium } from './browser.ts'

/** `npm run docs:screenshots`: the pages of a demo, as small PNGs in docs/images. */

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const dataDir = mkdtempSync(join(tmpdir(), 'screenshots-'))
const port = '18080'
const url = `http://127.0.0.1:${port}/`

/** Two days of a gateway at work, with an hour in which Sekoia failed. */
async function leaveHistory(): Promise<void> {
  let now = Date.now() - 48 * 3_600_000
  const clock = { ...systemClock, now: () => now }
  const store = openSqliteDocuments({ dataDir, clock })
  const totals = { read: 0, calls: 0, callsFailed: 0, callsLimited: 0, latency: [0, 0, 0, 0] }
  const outage = now + 36 * 3_600_000
  const isOut = () => now > outage && now < outage + 3_600_000
  const parts = {
    totals: async () => structuredClone(totals),
    lag: () => (isOut() ? (now - outage) / 1000 : 30),
    failing: () => (isOut() ? 1 : 0)
  }
  const history = new History({ clock, store, ...parts })
  for (const end = Date.now() - 600_000; now < end; now += 600_000) {
    const wave = 2 + Math.sin(now / 8e6) + Math.sin(now / 1e6) / 3
    for (let n = 0; n < 60 * wave; n++)
      history.recorder.note({
        dialect: 'taxii',
        status: isOut() && n % 20 === 0 ? 503 : 200,
        items: 90
      })
    totals.read += isOut() ? 0 : Math.round(900 * wave)
    totals.calls += 120
    totals.callsFailed += isOut() ? 110 : 0
    totals.latency = totals.latency.map(
      (count, i) => count + [20, 60, 30, Math.round(5 * wave)][i]!
    )
    await history.recorder.sample()
  }
  await history.close()
  await store.close()
}

const operatorToken = 'operator-token-of-the-demo'

mkdirSync(images, { recursive: true })
await leaveHistory()
const gateway = spawn(process.execPath, ['src/main.ts'], {
  env: { ...process.env, PORT: port, DATA_DIR: dataDir, OPERATOR_TOKEN: operatorToken },
  stdio: ['ignore', 'pipe', 'inherit']
})
for await (const chunk of gateway.stdout.iterator({ destroyOnReturn: false }))
  if (String(chunk).includes('the gateway serves')) break
gateway.stdout.resume()
const browser = await launchChromium()
try {
  const page = await browser.newPage({ viewport: { width: 880, height: 640 } })
  await page.goto(url)
  await page.getByLabel('Sekoia API key').fill('demo-key')
  await page.keyboard.press('Enter')
  await page.getByText('MISP 2.4 and 2.5').waitFor()
  await page.screenshot({ path: `${images}set-up.png`, animations: 'disabled' })
  await page.getByText('MISP 2.4 and 2.5').click()
  await page.locator('#misp').getByRole('button', { name: 'Send its requests now' }).click()
  await page.locator('#misp .summary').waitFor()
  const path = `${images}set-up-misp.png`
  await page.locator('#misp').screenshot({ path, animations: 'disabled' })

  await page.goto(`${url}look-up`)
  const feed = page.getByRole('combobox', { name: 'Feed' })
  await feed.getByRole('option').nth(1).waitFor({ state: 'attached' })
  await feed.selectOption({ index: 1 })
  const name = page
    .getByRole('listitem')
    .filter({ hasText: 'indicator' })
    .getByText(/^http:/)
    .first()
  await page.getByLabel('Value or STIX id').fill(await name.innerText())
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sekoia knows' }).waitFor()
  await page.screenshot({ path: `${images}look-up.png`, animations: 'disabled' })

  await page.getByRole('button', { name: 'Forget it' }).click()
  await page.goto(`${url}status`)
  await page.getByLabel(/operator token/).fill(operatorToken)
  await page.keyboard.press('Enter')
  await page.getByRole('slider').first().waitFor()
  await page.setViewportSize({ width: 1100, height: 900 })
  await page.screenshot({ path: `${images}status.png`, animations: 'disabled' })
  const plots = page.getByRole('region', { name: 'History' })
  await plots.screenshot({ path: `${images}history.png`, animations: 'disabled' })
} finally {
  await browser.close()
  gateway.kill()
  rmSync(dataDir, { recursive: true, force: true })
}
