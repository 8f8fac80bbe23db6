import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Galaxies, galaxyTypes, loadGalaxies } from '../../src/misp/mapping/tags/galaxies.ts'

interface Cluster {
  readonly value: unknown
  readonly meta?: unknown
}

/** Galaxies of which each is a file `<type>.json`. */
function load(
  t: Test,
  files: Readonly<Record<string, readonly Cluster[] | string>>
): Promise<Galaxies> {
  const texts = Object.entries(files).map(([type, values]) => [
    `${type}.json`,
    typeof values === 'string' ? values : JSON.stringify({ type, values })
  ])
  return loadGalaxies(t.testdir(Object.fromEntries(texts)))
}

t.test('a cluster is found by its name, whatever the letter case', async t => {
  const galaxies = await load(t, { 'threat-actor': [{ value: 'Example Bear' }] })
  t.equal(galaxies.byName('threat-actor', ' EXAMPLE bear '), 'Example Bear')
  t.equal(galaxies.byName('threat-actor', 'Example'), undefined)
  t.equal(galaxies.byName('malpedia', 'Example Bear'), undefined)
})

t.test('a cluster is found by a synonym that it alone has', async t => {
  const galaxies = await load(t, {
    malpedia: [
      { value: 'A', meta: { synonyms: ['Both', 'Mine', 'mine', 'B', 'Three'] } },
      { value: 'B', meta: { synonyms: ['BOTH', 7, 'Three'] } },
      { value: 'C', meta: { synonyms: ['three'] } }
    ]
  })
  t.equal(galaxies.byName('malpedia', 'MINE'), 'A')
  t.equal(galaxies.byName('malpedia', 'both'), undefined)
  t.equal(galaxies.byName('malpedia', 'three'), undefined)
  t.equal(galaxies.byName('malpedia', 'b'), 'B', 'a name is worth more than a synonym')
})

t.test('a cluster is found by its external id', async t => {
  const galaxies = await load(t, {
    'mitre-malware': [{ value: 'Agent Tesla - S0331', meta: { external_id: 'S0331' } }]
  })
  t.equal(galaxies.byId('mitre-malware', 'S0331'), 'Agent Tesla - S0331')
  t.equal(galaxies.byId('mitre-malware', 'S0332'), undefined)
  t.equal(galaxies.byId('mitre-tool', 'S0331'), undefined)
})

t.test('it is known which galaxies are at hand; none need be', async t => {
  const galaxies = await load(t, { sector: [] })
  t.strictSame(
    galaxyTypes.filter(type => galaxies.has(type)),
    ['sector']
  )
  t.strictSame((await load(t, {})).problems, [])
})

t.test('clusters that are none are passed over', async t => {
  const galaxies = await load(t, {
    sector: [
      { value: 7 },
      { value: 'Finance', meta: null },
      { value: 'Energy', meta: { synonyms: 'x' } }
    ]
  })
  t.equal(galaxies.byName('sector', 'finance'), 'Finance')
  t.equal(galaxies.byName('sector', 'energy'), 'Energy')
})

t.test('a file that cannot be used is told by name, and the others are used', async t => {
  const galaxies = await load(t, {
    malpedia: '{"values": [',
    'mitre-tool': 'null',
    'threat-actor': '{"values": {}}',
    sector: [{ value: 'Finance' }]
  })
  t.strictSame(
    galaxies.problems.map(({ message }) => message),
    ['threat-actor', 'malpedia', 'mitre-tool'].map(type => `the galaxy ${type}.json cannot be used`)
  )
  t.equal(galaxies.has('malpedia'), false)
  t.equal(galaxies.byName('sector', 'Finance'), 'Finance')
})

t.test('files of other galaxies are not read', async t => {
  const galaxies = await load(t, { botnet: 'not JSON', country: 'not JSON' })
  t.strictSame(galaxies.problems, [])
})

t.test('a folder that is not there is an error', async t => {
  const missing = join(t.testdir({}), 'missing')
  await t.rejects(loadGalaxies(missing), { message: 'the folder of galaxies cannot be read' })
})
