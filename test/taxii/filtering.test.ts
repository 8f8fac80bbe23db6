import t from 'tap'
import { failed, ids, ok } from '../support/expect.ts'
import {
  collectionB,
  currentIds,
  indicator1,
  M,
  malware2,
  marking6,
  O,
  R,
  sco7,
  stixId,
  twoSpecs9,
  twoVersions8
} from '../support/objects.ts'
import { buildTaxiiServer } from '../support/taxii-server.ts'

const indicators = currentIds.filter(id => id.startsWith('indicator--'))
const stamp = '2024-01-01T00:08:00.000Z'

t.test('added_after (TAXII 2.1 §3.4)', async t => {
  const server = await buildTaxiiServer(t)
  const dates = ok(t, await server.get(M)).objects.map(entry => entry.date_added)

  t.test('T-3.4-2, -9: without parameters everything comes, the oldest first', async t => {
    t.strictSame(ids(ok(t, await server.get(O))), currentIds)
    t.strictSame(ids(ok(t, await server.get(`${O}?limit=1`))), [currentIds[0]])
  })

  t.test('T-3.4-3: only what is strictly later', async t => {
    for (const url of [O, M]) {
      const body = ok(t, await server.get(`${url}?added_after=${dates[3]}`))
      t.strictSame(ids(body), currentIds.slice(4))
    }
  })

  t.test('T-3.4-4, -5 D-10: twice, or two values, is 400', async t => {
    const date = '2024-01-01T00:00:00Z'
    failed(t, await server.get(`${O}?added_after=${date}&added_after=${date}`), 400)
    failed(t, await server.get(`${O}?added_after=${date},${date}`), 400)
  })

  t.test('T-3.4-1, -6 D-7: a malformed timestamp is 400 and names the parameter', async t => {
    for (const value of [
      'yesterday',
      '',
      '2020-01-01',
      '2020-01-01T00:00:00',
      '2020-13-01T00:00:00Z',
      '2020-02-30T00:00:00Z',
      '2020-01-01T24:00:00Z',
      '2020-01-01T00:00:00+02:00',
      '2020-01-01T00:00:00%2B02:00',
      '2020-01-01T00:00:00+00:00Z',
      '2020-01-01T00:00:00.Z',
      '2020-01-01t00:00:00z',
      '2020-01-01 00:00:00Z'
    ]) {
      for (const url of [O, M, `${O}${indicator1}/`, `${O}${indicator1}/versions/`]) {
        const error = failed(t, await server.get(`${url}?added_after=${value}`), 400, value)
        t.match(error['description'], /^added_after: /, value)
      }
    }
  })

  t.test('T-3.4-7 D-7: 0 to 9 digits and offsets of zero mean the same instant', async t => {
    const expected = ids(ok(t, await server.get(`${O}?added_after=2024-01-01T00:04:30Z`)))
    t.strictSame(expected, currentIds.slice(4))
    for (const zone of ['.000Z', '.000000Z', '.000000000Z', '+00:00', '%2B00:00', '-00:00']) {
      const response = await server.get(`${O}?added_after=2024-01-01T00:04:30${zone}`)
      t.strictSame(ids(ok(t, response)), expected, zone)
    }
  })

  t.test('T-3.4-8: times inside the objects play no part', async t => {
    const old = stixId('indicator', 5)
    t.ok(ids(ok(t, await server.get(`${O}?added_after=2024-01-01T00:04:30Z`))).includes(old))
  })

  t.test('T-3.4-10, -11: a value after everything gives an empty answer', async t => {
    for (const url of [O, M, `${O}${indicator1}/`, `${O}${indicator1}/versions/`]) {
      t.strictSame(ok(t, await server.get(`${url}?added_after=2999-01-01T00:00:00Z`), url), {})
    }
  })

  t.test('T-3.4-12 RFC 3986: percent-encoding is equivalent', async t => {
    const plain = await server.get(`${O}?added_after=2024-01-01T00:04:30Z`)
    const encoded = await server.get(`${O}?added%5Fafter=2024-01-01T00%3A04%3A30Z`)
    t.equal(encoded.body, plain.body)
  })
})

t.test('match (TAXII 2.1 §3.4, §3.4.1)', async t => {
  const server = await buildTaxiiServer(t)
  const select = async (query: string) => {
    const objects = ids(ok(t, await server.get(`${O}?${query}`), query))
    const manifest = ids(ok(t, await server.get(`${M}?${query}`), query))
    t.strictSame(manifest, objects, `T-5.3-5: manifest and objects agree on ${query}`)
    return objects
  }
  const refuses = async (query: string, name: string) => {
    for (const url of [O, M]) {
      const error = failed(t, await server.get(`${url}?${query}`), 400, query)
      t.match(error['description'], `${name}: `, query)
    }
  }

  t.test('T-3.4-40: different fields are ANDed', async () => {
    t.strictSame(await select(`match[type]=indicator&match[id]=${malware2}`), [])
  })

  t.test('T-3.4-41: values in one field are ORed', async () => {
    t.strictSame(await select('match[type]=malware,indicator'), [
      indicator1,
      malware2,
      ...indicators.slice(1)
    ])
  })

  t.test('T-3.4-42, I-3.13.1.10 D-10: a field that occurs twice is 400', async () => {
    for (const [name, value] of [
      ['match[type]', 'indicator'],
      ['match[id]', indicator1],
      ['match[version]', 'first'],
      ['match[spec_version]', '2.1']
    ] as const) {
      await refuses(`${name}=${value}&${name}=${value}`, name)
      await refuses(`${name}=${value}&${name.replace('[', '%5B')}=${value}`, name)
    }
  })

  t.test('T-3.4-43 D-11: undefined fields and parameters are ignored, also doubled', async () => {
    for (const query of ['match[foo]=x', 'match[Type]=x', 'foo=1&foo=2', '%zz=1', '&&=&', 'a']) {
      t.strictSame(await select(query), currentIds, query)
    }
  })

  t.test('T-3.4-44 D-12: spaces, and empty values or elements, are 400', async () => {
    for (const value of ['indicator, malware', 'indicator,+malware', '', 'indicator,', ',']) {
      await refuses(`match[type]=${value.replace(' ', '%20')}`, 'match[type]')
      await refuses(`match[id]=${value.replace(' ', '%20')}`, 'match[id]')
    }
    await refuses('match[version]', 'match[version]')
    await refuses('match[spec_version]=', 'match[spec_version]')
  })

  t.test('T-3.4-45 RFC 3986: brackets and commas may be encoded', async () => {
    t.strictSame(
      await select('match%5Btype%5D=indicator%2Cmalware'),
      await select('match[type]=indicator,malware')
    )
  })

  t.test('T-3.4.1-1, -2: match[id] with one, several, and unknown ids', async () => {
    const unknown = stixId('malware', 999)
    t.strictSame(await select(`match[id]=${malware2}`), [malware2])
    t.strictSame(await select(`match[id]=${malware2},${indicator1}`), [indicator1, malware2])
    t.strictSame(await select(`match[id]=${unknown},${malware2}`), [malware2])
    t.strictSame(await select(`match[id]=${unknown}`), [])
    t.strictSame(await select('match[id]=nonsense'), [])
  })

  t.test('T-3.4.1-3: ids of other collections are unknown', async t => {
    const elsewhere = stixId('indicator', 100)
    t.strictSame(await select(`match[id]=${elsewhere}`), [])
    failed(t, await server.get(`${O}${elsewhere}/`), 404)
    ok(t, await server.get(`${R}collections/${collectionB}/objects/${elsewhere}/`))
  })

  t.test('T-3.4.1-10: match[type] gives the listed types and nothing else', async () => {
    t.strictSame(await select('match[type]=indicator'), indicators)
  })

  t.test('T-3.4.1-11: every type of STIX 2.1 is taken', async () => {
    const types =
      'attack-pattern campaign course-of-action grouping identity incident indicator infrastructure ' +
      'intrusion-set location malware malware-analysis note observed-data opinion report threat-actor ' +
      'tool vulnerability relationship sighting artifact autonomous-system directory domain-name ' +
      'email-addr email-message file ipv4-addr ipv6-addr mac-addr mutex network-traffic process ' +
      'software url user-account windows-registry-key x509-certificate marking-definition ' +
      'language-content extension-definition'
    for (const type of types.split(' ')) await select(`match[type]=${type}`)
    t.strictSame(await select(`match[type]=${types.replaceAll(' ', ',')}`), currentIds)
  })

  t.test('T-3.4.1-12 D-13: other types are served, or give an empty answer', async () => {
    t.strictSame(await select('match[type]=x-foo'), [])
    t.strictSame(await select('match[type]=No/Type!'), [])
  })

  t.test('T-3.4.1-20, -21: the newest version alone, which `last` names too', async () => {
    t.strictSame(await select(''), currentIds)
    t.strictSame(await select('match[version]=last'), currentIds)
    t.strictSame(await select(`match[id]=${twoVersions8}`), [twoVersions8])
  })

  t.test('T-3.4.1-22: `first` gives the earliest version held, one for each id', async t => {
    t.strictSame((await select('match[version]=first')).toSorted(), currentIds.toSorted())
    for (const query of [`match[id]=${twoVersions8}&`, 'match[type]=campaign&']) {
      const first = ok(t, await server.get(`${O}?${query}match[version]=first`)).objects
      t.strictSame(
        first.map(object => object['modified']),
        [stamp]
      )
    }
  })

  t.test('T-3.4.1-23: `all` gives every version held', async () => {
    t.strictSame(
      (await select('match[version]=all')).filter(id => id === twoVersions8),
      [twoVersions8, twoVersions8]
    )
    t.strictSame(await select(`match[version]=all&match[id]=${twoVersions8}`), [
      twoVersions8,
      twoVersions8
    ])
  })

  t.test('T-3.4.1-24: a timestamp selects by instant', async () => {
    for (const value of [stamp, '2024-01-01T00:08:00Z', '2024-01-01T00:08:00.000000Z']) {
      t.strictSame(await select(`match[version]=${value}`), [twoVersions8])
      t.strictSame(await select(`match[version]=${value}&match[id]=${twoVersions8}`), [
        twoVersions8
      ])
    }
    t.strictSame(await select('match[version]=2024-01-01T00:08:00.001Z'), [])
  })

  t.test('T-3.4.1-25: several values are a union without repeats', async () => {
    const both = [twoVersions8, twoVersions8]
    for (const query of ['first,last', `first,${stamp},last`, `${stamp},2024-01-01T00:10:00Z`]) {
      t.strictSame(await select(`match[id]=${twoVersions8}&match[version]=${query}`), both)
      t.strictSame(await select(`match[type]=campaign&match[version]=${query}`), both)
    }
  })

  t.test('T-3.4.1-26, -27, -28: combined `all`, repeats and other text are 400', async () => {
    for (const value of [
      'all,last',
      'last,last',
      `${stamp},${stamp}`,
      'newest',
      '2016-01-01',
      'Last',
      `${stamp.replace('Z', '+00:00')}`
    ]) {
      await refuses(`match[version]=${value}`, 'match[version]')
    }
  })

  t.test('T-3.4.1-29: an object without modified goes by created', async () => {
    t.strictSame(await select('match[version]=2024-01-01T00:06:00Z'), [marking6])
  })

  t.test('T-3.4.1-30 D-18: an object without times has one consistent version', async t => {
    const manifest = ok(t, await server.get(`${M}?match[id]=${sco7}`)).objects
    const version = manifest[0]?.version
    t.equal(version, manifest[0]?.date_added)
    t.strictSame(ok(t, await server.get(`${O}${sco7}/versions/`)).versions, [version])
    t.strictSame(await select(`match[version]=${version}`), [sco7])
  })

  t.test('T-3.4.1-40: match[spec_version] lets nothing else through', async t => {
    const { objects } = ok(t, await server.get(`${O}?match[spec_version]=2.1`))
    t.ok(objects.every(object => (object['spec_version'] ?? '2.1') === '2.1'))
    const feed = `${R}collections/${collectionB}/objects/`
    t.strictSame(ok(t, await server.get(`${feed}?match[spec_version]=2.0`)), {})
  })

  t.test('T-3.4.1-41: without it, the newest spec version of each object', async t => {
    for (const query of [`match[id]=${twoSpecs9}`, 'match[type]=tool']) {
      const { objects } = ok(t, await server.get(`${O}?${query}`))
      t.strictSame(
        objects.map(object => object['spec_version']),
        ['2.1']
      )
    }
    const all = ok(t, await server.get(`${O}?match[id]=${twoSpecs9}&match[version]=all`))
    t.strictSame(
      all.objects.map(object => object['spec_version']),
      ['2.1']
    )
  })

  t.test('T-3.4.1-42 D-20: several values, then the newest of what is left', async t => {
    t.strictSame(await select(`match[id]=${twoSpecs9}&match[spec_version]=2.0,2.1`), [twoSpecs9])
    const { objects } = ok(t, await server.get(`${O}${twoSpecs9}/?match[spec_version]=2.0`))
    t.strictSame(
      objects.map(object => object['spec_version']),
      ['2.0']
    )
  })

  t.test('T-3.4.1-43: an unknown value is empty, a malformed one 400', async () => {
    t.strictSame(await select('match[spec_version]=2.2'), [])
    for (const value of ['latest', '2', '2.1.0', '2.1,latest']) {
      await refuses(`match[spec_version]=${value}`, 'match[spec_version]')
    }
  })

  t.test('T-3.4.1-50: fields that an endpoint does not know are ignored', async t => {
    const object = `${O}${twoVersions8}/`
    const plain = await server.get(object)
    t.equal((await server.get(`${object}?match[type]=other`)).body, plain.body)
    t.equal((await server.get(`${object}?match[id]=${malware2}`)).body, plain.body)
    const versions = await server.get(`${object}versions/`)
    t.equal((await server.get(`${object}versions/?match[version]=first`)).body, versions.body)
  })

  t.test('P-37: match[type] changes no date', async t => {
    const all = new Map(
      ok(t, await server.get(M)).objects.map(({ id, date_added }) => [id, date_added])
    )
    for (const { id, date_added } of ok(t, await server.get(`${M}?match[type]=indicator`))
      .objects) {
      t.equal(date_added, all.get(id))
    }
  })

  t.test('match[type] goes to the records, match[id] is looked up', async t => {
    server.records.reads.length = 0
    await server.get(`${O}?match[type]=tool,malware,tool`)
    t.strictSame(server.records.reads[0]?.types, ['malware', 'tool'])
    await server.get(`${O}?match[id]=${indicator1}`)
    t.equal(server.records.reads.length, 1)
    t.strictSame(server.records.lookups.at(-1)?.ids, [indicator1])
  })

  t.test('D-13: an id that cannot exist is not looked up, yet the key is checked', async t => {
    failed(t, await server.get(`${O}?match[id]=nonsense`, { authorization: 'Bearer wrong' }), 401)
  })
})
