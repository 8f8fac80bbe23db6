import type { Test } from 'tap'
import { buildGateway, type GatewayOptions } from './app.ts'
import type { Browser } from './browser.ts'

/** A gateway that listens, its first page in an empty tab, and what enters a key there. */
export async function openFirstPage(t: Test, { openPage }: Browser, options: GatewayOptions = {}) {
  const gateway = await buildGateway(t, options)
  const page = await openPage(t)
  await page.goto(await gateway.listen())
  const enter = async (key: string) => {
    await page.getByLabel(/key|token/i).fill(key)
    await page.keyboard.press('Enter')
  }
  return { ...gateway, page, enter }
}
