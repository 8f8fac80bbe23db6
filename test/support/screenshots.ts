import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium } from './browser.ts'

/** `npm run docs:screenshots`: the pages of a demo, as small PNGs in docs/images. */

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const dataDir = mkdtempSync(join(tmpdir(), 'screenshots-'))
const port = '18080'
const url = `http://127.0.0.1:${port}/`

mkdirSync(images, { recursive: true })
const gateway = spawn(process.execPath, ['src/main.ts'], {
  env: { ...process.env, PORT: port, DATA_DIR: dataDir },
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
} finally {
  await browser.close()
  gateway.kill()
  rmSync(dataDir, { recursive: true, force: true })
}
