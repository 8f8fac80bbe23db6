import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { checkLooks, startBrowser } from '../support/browser.ts'
import { defaultFeed } from '../support/gateway.ts'

/** The look-up page in a browser: what is known, what is not, what cannot be asked; values that mean harm. */

const { openPage } = await startBrowser(t)

const objects = `/sekoia/collections/${defaultFeed}/objects/`

async function open(t: Test, options: GatewayOptions = {}, credential?: string) {
  const gateway = await buildGateway(t, options)
  const page = await openPage(t, { acceptDownloads: true })
  const origin = await gateway.listen()
  await page.goto(`${origin}/look-up`)
  await page.getByLabel(/Sekoia API key|token/i).fill(credential ?? gateway.simulator.key)
  await page.keyboard.press('Enter')
  const lookUp = async (value: string) => {
    await page.getByLabel('Value or STIX id').fill(value)
    await page.keyboard.press('Enter')
  }
  const chooseFeed = async () => {
    const feed = page.getByRole('combobox', { name: 'Feed' })
    await feed.getByRole('option').nth(1).waitFor({ state: 'attached' })
    await feed.selectOption({ index: 1 })
  }
  return { ...gateway, page, lookUp, chooseFeed }
}

type Stix = Readonly<Record<string, string>>

/** An indicator of the feed with one domain. */
async function someDomain({ send }: Pick<Awaited<ReturnType<typeof open>>, 'send'>) {
  const all: Stix[] = (await send({ url: `${objects}?limit=1000` })).json().objects
  const indicator = all.find(({ pattern }) =>
    /^\[domain-name:value = '[^']+'\]$/.test(pattern ?? '')
  )!
  return { indicator, value: /'([^']+)'/.exec(indicator['pattern']!)![1]! }
}

t.test('a known value: indicator, validity, TLP, sources, relations, STIX, bundle', async t => {
  const gateway = await open(t, { simulator: { objects: 600 } })
  const { page, lookUp } = gateway
  const { value, indicator } = await someDomain(gateway)
  await lookUp(value.replace('.', '[.]'))
  await page.getByRole('heading', { name: `Sekoia knows ${value}` }).waitFor()
  const card = page.getByRole('article').first()
  const text = await card.innerText()
  t.match(text, indicator['pattern'])
  t.match(text, /\b(?:valid|expired|revoked|not valid yet)\b/)
  t.match(text, /TLP:(?:WHITE|CLEAR|GREEN|AMBER|RED)/)
  t.match(text, /Sources\s+Source \d+/)
  t.match(text, /Relations\s+(?:none|indicates)/)
  await card.getByText('STIX', { exact: true }).click()
  t.match(await card.locator('pre').innerText(), `"id": "${indicator['id']}"`)
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as STIX bundle' }).first().click()
  const bundle = JSON.parse(await readFile((await (await saving).path())!, 'utf8'))
  t.equal(bundle.type, 'bundle')
  t.match(
    bundle.id,
    /^bundle--[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  )
  t.ok(bundle.objects.some(({ id }: Stix) => id === indicator['id']))
})

t.test('an unknown value, and a Sekoia that is away, are told in other words', async t => {
  const { page, lookUp, simulator } = await open(t)
  await lookUp('nobody-knows.example')
  await page.getByRole('heading', { name: 'Sekoia knows nothing of this value' }).waitFor()
  t.ok(await page.getByText('That does not make the value harmless.').isVisible())
  await lookUp('indicator--00000000-0000-4000-8000-000000000000')
  await page.getByRole('heading', { name: 'Sekoia knows nothing of this id' }).waitFor()
  simulator.faults.rate({ kind: 'status', status: 503 })
  await lookUp('nor-this.example')
  await page.getByRole('heading', { name: 'Sekoia is away' }).waitFor({ timeout: 60_000 })
  t.ok(await page.getByText('That says nothing about the value').isVisible())
  t.equal(await page.getByText('knows nothing').count(), 0)
})

t.test('while Sekoia is away, what it said before is told with its age', async t => {
  const gateway = await open(t, { simulator: { objects: 600 } })
  const { page, lookUp, simulator } = gateway
  const { value } = await someDomain(gateway)
  await lookUp(value)
  await page.getByRole('heading', { name: `Sekoia knows ${value}` }).waitFor()
  simulator.faults.rate({ kind: 'status', status: 503 })
  simulator.clock.advance(300_000)
  await lookUp(value)
  await page.getByText('Sekoia is away: this is what it said 5 min').waitFor({ timeout: 60_000 })
})

t.test('the newest objects of a feed, by type and text; the context of one', async t => {
  const { page, send, chooseFeed } = await open(t, { simulator: { objects: 600, historyDays: 30 } })
  const all: Stix[] = (await send({ url: `${objects}?limit=1000` })).json().objects
  await chooseFeed()
  const list = page.getByRole('region', { name: 'Newest objects of a feed' })
  await list.getByText('newest, 100 shown').waitFor()
  const newest = all.at(-1)!
  const first = list.getByRole('listitem').first()
  await first.getByText('STIX', { exact: true }).click()
  t.match(await first.locator('pre').innerText(), newest['id'])
  await list.getByRole('combobox', { name: 'Type' }).selectOption('malware')
  const malware = await list.getByRole('listitem').allInnerTexts()
  t.ok(malware.length > 0)
  t.ok(malware.every(text => text.startsWith('malware')))
  const name = all.findLast(({ type }) => type === 'malware')!['name']!
  await list.getByRole('searchbox', { name: 'Text' }).fill(name.toUpperCase())
  await list.getByText(/^1 of the/).waitFor()
  const saving = page.waitForEvent('download')
  await list.getByRole('button', { name: 'Download as STIX bundle' }).click()
  const bundle = JSON.parse(await readFile((await (await saving).path())!, 'utf8'))
  t.strictSame(
    bundle.objects.map((object: Stix) => object['name']),
    [name]
  )
  await list.getByRole('button', { name: /Context of/ }).click()
  await page.getByRole('heading', { name: /^Sekoia knows malware--/ }).waitFor()
})

const forms = {
  'evil.example': 'domain-name.',
  'hxxps://evil[.]example/a': 'url, read as https://evil.example/a.',
  '192[.]0[.]2[.]7': 'ipv4-addr, read as 192.0.2.7.',
  '2001:db8::7': 'ipv6-addr.',
  'who[at]evil.example': 'email-addr, read as who@evil.example.',
  '00:11:22:aa:bb:cc': 'mac-addr.',
  d41d8cd98f00b204e9800998ecf8427e: 'file.',
  'indicator--00000000-0000-4000-8000-000000000000': 'a STIX id.'
}

t.test('the form of a value tells its type, also of one that is defanged', async t => {
  const { page } = await open(t)
  const value = page.getByLabel('Value or STIX id')
  for (const [text, words] of Object.entries(forms)) {
    await value.fill(text)
    await page.getByText(`Looked up as ${words}`, { exact: true }).waitFor()
  }
  await value.fill('cmd exe')
  await page.getByText('Choose its type').waitFor()
  t.ok(await page.getByRole('button', { name: 'Look up' }).isDisabled())
  await page.getByRole('combobox', { name: 'Type' }).selectOption('mutex')
  await page.getByText('Looked up as mutex.').waitFor()
})

t.test('the operator token looks nothing up', async t => {
  const token = 'operator-token-of-this-test'
  const { page } = await open(t, { env: { OPERATOR_TOKEN: token } }, token)
  await page.getByText('The operator token opens no feed.').waitFor()
  t.equal(await page.getByLabel('Value or STIX id').count(), 0)
})

const harmful = [
  '<script>globalThis.harmed = true</script>',
  '<img src=x onerror="globalThis.harmed = true">',
  '</bdi></pre></body><h1>owned</h1>',
  '\u202Egnp.exe\u202C\u2066\u200B\u0000\u001B[31m',
  'javascript:alert(1)',
  '__proto__'
]

t.test('values that mean harm stay text, and one of 10 MB breaks nothing', async t => {
  const gateway = await open(t, { simulator: { objects: 300, feeds: [] } })
  const { page, lookUp, chooseFeed } = gateway
  const { value, indicator } = await someDomain(gateway)
  const long = `${'A'.repeat(10_000_000)}\u202E`
  const made = harmful.map((text, i) => ({
    ...indicator,
    id: `indicator--00000000-0000-4000-8000-00000000000${i}`,
    name: text,
    description: text,
    pattern: text,
    indicator_types: [text, 7],
    valid_until: text
  }))
  const large = { ...indicator, name: long }
  const related = harmful.map((text, i) => ({
    type: 'relationship',
    id: `relationship--00000000-0000-4000-8000-00000000000${i}`,
    relationship_type: text,
    source_ref: made[i]!.id,
    target_ref: text,
    modified: text
  }))
  const given = [
    ...made,
    large,
    ...related,
    { type: harmful[0], id: harmful[1], name: { toString: 1 } }
  ]
  const answer = (body: object) => ({ status: 200, json: body })
  await page.route('**/v2/inthreat/indicators/context?**', route =>
    route.fulfill(answer({ items: [{ objects: given }, { objects: null }, null] }))
  )
  await page.route('**/objects/?**', route =>
    route.fulfill(answer({ more: false, objects: given }))
  )
  await lookUp(value)
  await page.getByRole('heading', { name: 'Sekoia knows' }).waitFor()
  await page.getByText(`All ${given.length} objects`).click()
  await chooseFeed()
  await page.getByText('newest', { exact: false }).last().waitFor()
  for (const summary of await page.getByText('STIX', { exact: true }).all()) await summary.click()
  const main = page.locator('main')
  const text = await main.innerText()
  t.match(text, '<script>globalThis.harmed = true</script>')
  t.match(text, '⟨U+202E⟩gnp.exe⟨U+202C⟩⟨U+2066⟩⟨U+200B⟩⟨U+0000⟩⟨U+001B⟩[31m')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  t.notMatch(text, /[\u202a-\u202e\u2066-\u2069\u200b\u0000-\u0008\u001b]/)
  t.match(text, '… (10000001 characters)')
  t.ok(text.length < 3_000_000, `${text.length} characters are drawn`)
  t.equal(await page.evaluate('globalThis.harmed'), undefined)
  t.equal(await main.locator('script, img, h1:has-text("owned"), a[href^="javascript"]').count(), 0)
})

t.test('axe finds nothing serious, in light on a screen and in dark on a phone', async t => {
  const gateway = await open(t, { simulator: { objects: 600 } })
  const { page, lookUp, chooseFeed } = gateway
  const { value } = await someDomain(gateway)
  await lookUp(value)
  await page.getByRole('heading', { name: `Sekoia knows ${value}` }).waitFor()
  await chooseFeed()
  await page.getByText(/newest, 100 shown/).waitFor()
  await page.getByText('STIX', { exact: true }).first().click()
  await checkLooks(t, page)
})
