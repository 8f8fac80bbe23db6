import t from 'tap'
import { clients } from '../../src/gateway/clients/table.ts'
import { buildGateway } from '../support/app.ts'
import { startBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway-process.ts'

/** "Try it as this client" of every tile, in front of the simulated Sekoia. */

const { openPage } = await startBrowser(t)

t.test('the requests of every client are answered as it needs', async t => {
  const { url } = await startGateway(t, { DEMO_OBJECTS: '2500' })
  const page = await openPage(t)
  await page.goto(url)
  await page.keyboard.type('demo-key')
  await page.keyboard.press('Enter')
  for (const { id, name } of clients) {
    const tile = page.locator(`#${id}`)
    await tile.locator('summary').first().click()
    await tile.getByRole('button', { name: 'Send its requests now' }).click()
    const sum = await tile.locator('.summary').innerText()
    const said = await tile.locator('.steps').innerText()
    t.equal(sum, 'Every request of this client is answered as it needs.', `${name}: ${said}`)
    t.notMatch(said, '{', `${name} asks nothing that is not filled in`)
    t.ok((await tile.locator('.fields tr').count()) >= 3, name)
  }
  t.equal(await page.locator('.product').count(), clients.length)
})

t.test('a client that would fail here is told what to mend', async t => {
  const gateway = await buildGateway(t, { env: { ACCESS_RIGHTS_SECONDS: '1' } })
  const page = await openPage(t)
  await page.goto(await gateway.listen())
  await page.keyboard.type(gateway.simulator.key)
  await page.keyboard.press('Enter')
  await page.getByText('curl', { exact: true }).click()
  gateway.simulator.putKey(gateway.simulator.key, { status: 'revoked' })
  gateway.simulator.clock.advance(3_600_000)
  await page.locator('#curl').getByRole('button', { name: 'Send its requests now' }).click()
  t.match(await page.locator('#curl .summary').innerText(), 'would fail here')
  t.match(await page.locator('#curl .steps').innerText(), '401: The key is not accepted')
})

t.test('a file is downloaded under its name, with the addresses of this gateway', async t => {
  const gateway = await buildGateway(t)
  const page = await openPage(t)
  const origin = await gateway.listen()
  await page.goto(origin)
  await page.keyboard.type(gateway.simulator.key)
  await page.keyboard.press('Enter')
  await page.getByText('MISP 2.4 and 2.5').click()
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download misp-feed.json' }).click()
  const file = await coming
  t.equal(file.suggestedFilename(), 'misp-feed.json')
  const chunks: Buffer[] = []
  for await (const chunk of await file.createReadStream()) chunks.push(chunk)
  const [{ Feed }] = JSON.parse(Buffer.concat(chunks).toString())
  t.match(Feed.url, `${origin}/misp/`)
})
