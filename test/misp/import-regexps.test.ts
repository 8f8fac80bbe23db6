import fc from 'fast-check'
import t from 'tap'
import { imported } from '../../src/misp/mapping/values/import-regexps.ts'
import { type ImportRow, readGolden } from '../support/misp/golden-rows.ts'
import { defaultImportRegexps } from '../support/misp/import-regexps.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { addIndicator, mispWorld, publish } from '../support/misp-scenes.ts'

/** What MISP's own list of import expressions makes of values, and how a feed stands it (M7). */

const parts = [
  ...['C:\\', 'Users\\', 'bob\\', 'AppData\\', 'Local\\', 'Temp\\', 'Roaming\\', 'Windows\\'],
  ...['Application Data\\', 'Program Files', '\\', ' (x86)\\', ' x86\\', 'Common Files\\'],
  ...['Documents and Settings\\', 'All Users\\', 'Local Settings\\', 'History', 'Public\\'],
  ...['DOCUME~1', 'ProgramData\\', '%APPDATA%\\', '%USERPROFILE%\\', 'Microsoft\\UProof'],
  ...['\\REGISTRY\\', 'MACHINE\\', 'USER\\', '\n', 'a.exe', 'é'],
  'S-1-5-21-1234567890-1234567890-123456789-1000',
  'S-1-5-21-1234567890-1234567890-1234567890-1000',
  'S-1-5-21-123456789-1234567890-123456789-1000'
]
const paths = fc
  .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 8 })
  .map(words => words.join(''))

t.test('values become what MISP makes of them, and are refused where it refuses them', async t => {
  const seen = { rewritten: 0, refused: 0 }
  const check = (path: string) => {
    const value = imported('filename', path)
    if (value === undefined) seen.refused++
    else if (value !== path) seen.rewritten++
    return value === defaultImportRegexps('filename', path)
  }
  fc.assert(fc.property(paths, check), { seed: 20_261_128, numRuns: 20_000 })
  t.ok(seen.rewritten > 100 && seen.refused > 20, JSON.stringify(seen))
})

t.test('the documented values become what is documented', async t => {
  for (const { value, misp } of readGolden<ImportRow>('imports')) {
    t.equal(imported('filename', value) ?? null, misp, value)
    t.equal(defaultImportRegexps('filename', value) ?? null, misp, value)
  }
})

t.test('rules of Sigma are left alone', async t => {
  const rule = 'a: C:\\Users\\bob\\a.exe'
  t.equal(imported('sigma', rule), rule)
  t.equal(imported('text', rule), 'a: %USERPROFILE%\\a.exe')
})

t.test('paths of three users are one value to MISP: one stays when two are revoked', async t => {
  const world = await mispWorld(t)
  const misp = new MispInstance({
    fetch: world.fetch,
    now: () => Math.floor(world.clock.now() / 1000),
    importRegexps: defaultImportRegexps
  })
  const ids = ['bob', 'eve', 'carol'].map(user =>
    addIndicator(world, user, { pattern: `[mutex:name = 'C:\\\\Users\\\\${user}\\\\a']` })
  )
  const { events } = await publish(world)
  t.equal(events.length, 3, 'each in an event of its own')
  t.strictSame((await misp.pull()).dropped, [])
  const live = () => [...misp.liveToIds().keys()]
  t.strictSame(live(), ['mutex|%USERPROFILE%\\a'])
  for (const id of ids.slice(0, 2)) world.simulator.revoke(id)
  await publish(world)
  t.strictSame((await misp.pull()).dropped, [])
  t.strictSame(live(), ['mutex|%USERPROFILE%\\a'])
  world.simulator.revoke(ids[2]!)
  await publish(world)
  await misp.pull()
  t.strictSame(live(), [])
})
