import { AxeBuilder } from '@axe-core/playwright'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { installPackage } from './system-package.ts'

/** Pages in a real Chromium, the system's own. What a page must never do fails its test: see {@link openPage}. */

/** No sandbox: tests may run as root. The others keep the browser from asking the internet for anything. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** Longest time that a test file with a browser may take, ms: the first one installs it. */
const browserTimeoutMs = 600_000

export interface Browser {
  /**
   * An empty tab with storage of its own. When the test ends it fails if the page asked another origin for anything,
   * broke its content security policy, threw, or wrote an error to the console.
   */
  openPage(t: Test, options?: BrowserContextOptions): Promise<Page>
}

/** The system's Chromium, installed where it is missing. Throws with what apt says when it could not. */
export async function launchChromium() {
  installPackage('chromium', 'chromium')
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
}

/** One browser for a test file; each start has a new profile of its own. */
export async function startBrowser(t: Test): Promise<Browser> {
  t.setTimeout(browserTimeoutMs)
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  return {
    async openPage(t, options) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      const faults = watch(page)
      t.teardown(async () => {
        await context.close()
        if (faults.length > 0) throw new Error(`the page misbehaved: ${faults.join('; ')}`)
      })
      return page
    }
  }
}

/** A refusal, or a gateway that is gone, shows in the console as well: that is no fault of the page. */
const refusedAnswer =
  /^Failed to load resource: (?:the server responded with a status of [45]|net::ERR_(?:CONNECTION_|EMPTY_RESPONSE))/

function watch(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    const isFault = message.type() === 'error' && !refusedAnswer.test(message.text())
    if (isFault) faults.push(message.text())
  })
  page.on('request', request => {
    const own = new URL(page.url())
    const asked = new URL(request.url())
    const isOwn = asked.origin === own.origin || ['data:', 'blob:'].includes(asked.protocol)
    if (!isOwn && !request.isNavigationRequest()) faults.push(`asked ${asked.origin}`)
  })
  return faults
}

/** What axe finds serious or critical in the page as it is now, as `rule: element`. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}

/** The page as it is now, in light on a screen and in dark on a phone: axe finds nothing serious, and it is not wider. */
export async function checkLooks(t: Test, page: Page): Promise<void> {
  const looks = [
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 360 }
  ] as const
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    t.strictSame(await seriousFindings(page), [], `${colorScheme} ${width}`)
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    t.equal(await page.evaluate(overflow), 0, 'nothing is wider than the screen')
  }
}
