import t from 'tap'
import { modes } from '../../src/taxii/modes.ts'
import { acceptsTaxii, taxiiType } from '../../src/taxii/negotiate.ts'
import { failed, ok } from '../support/expect.ts'
import { C, collectionA, indicator1, M, O, R } from '../support/objects.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const endpoints = ['/taxii2/', R, `${R}status/${collectionA}/`, `${R}collections/`, C, M, O]
const all = [...endpoints, `${O}${indicator1}/`, `${O}${indicator1}/versions/`]

const accepted: readonly [string, string | undefined][] = [
  ['T-3.1-21: the defined type', taxiiType],
  ['T-3.1-22: the type without version', 'application/taxii+json'],
  ['T-3.1-23: a list with one fitting member', `application/taxii+json;version=2.0, ${taxiiType}`],
  ['T-5.3-20: the list of the manifest table', `${taxiiType},application/stix+json;version=2.1`],
  ['T-3.1-24: case, whitespace and quotes', 'Application/TAXII+JSON ; Version="2.1"'],
  ['T-3.1-25: a low quality', `${taxiiType};q=0.3`],
  ['T-3.1-25: a low quality in a list', `text/html, ${taxiiType};q=0.1`],
  ['T-3.1-25: a quality above one', `${taxiiType};q=2`],
  ['T-3.1-26: anything', '*/*'],
  ['T-3.1-26: any application type', 'application/*'],
  ['T-3.1-26: what axios sends', 'application/json, text/plain, */*'],
  ['T-3.1-27: no header', undefined],
  ['T-3.1-27: an empty header', ''],
  ['D-5: a parameter that is not version', `${taxiiType};charset=utf-8`],
  ['D-5: a quoted parameter with separators', `application/taxii+json; x="a,b;c"; version=2.1`]
]

const refused: readonly [string, string][] = [
  ['T-3.1-25: quality zero', `${taxiiType};q=0`],
  ['T-3.1-25: quality zero beats a wildcard', `${taxiiType};q=0, */*`],
  ['T-3.1-28: HTML', 'text/html'],
  ['T-3.1-28: STIX', 'application/stix+json;version=2.1'],
  ['T-3.1-28: TAXII 2.0', 'application/vnd.oasis.taxii+json; version=2.0'],
  ['T-3.1-28: TAXII 2.2', 'application/taxii+json;version=2.2'],
  ['D-5: nonsense', ';;;,,,=']
]

t.test('content negotiation (TAXII 2.1 §3.1, §1.6.8)', async t => {
  const server = await buildTaxiiServer(t)

  for (const [title, accept] of accepted) {
    t.test(`${title} is accepted`, async t => {
      for (const url of [O, M]) ok(t, await server.get(url, { accept }), url)
      t.equal(acceptsTaxii(accept, modes.field), true, 'in field mode too')
    })
  }

  for (const [title, accept] of refused) {
    t.test(`${title} is 406`, async t => {
      failed(t, await server.get(O, { accept }), 406)
      t.equal(acceptsTaxii(accept, modes.field), false, 'in field mode too')
    })
  }

  t.test('T-3.1-28, modes: application/json is 406 in strict mode, 2.1 in field mode', async t => {
    const accept = 'application/json'
    failed(t, await server.get(O, { accept }), 406)
    const field = await buildTaxiiServer(t, { settings: { mode: 'field' } })
    ok(t, await field.get(O, { accept }))
    failed(t, await field.get(O, { accept: 'application/json;q=0' }), 406)
  })

  t.test('T-3.1-29: 406 applies to every endpoint and comes after authentication', async t => {
    for (const url of all) {
      failed(t, await server.get(url, { accept: 'text/html' }), 406, url)
      const anonymous = { accept: 'text/html', authorization: undefined }
      failed(t, await server.get(url, anonymous), 401, url)
    }
  })

  t.test('T-3.1-20: 2xx, 4xx and 5xx carry the exact media type', async t => {
    for (const url of [...all, '/nope/', `${O}?limit=0`]) {
      t.equal((await server.get(url)).headers['content-type'], taxiiType, url)
    }
    const broken = await buildTaxiiServer(t)
    broken.records.read = async () => {
      throw new TypeError('a fault')
    }
    failed(t, await broken.get(O), 500)
  })

  t.test('T-1.6.7-1: bodies are UTF-8 without a byte-order mark', async t => {
    const { rawPayload } = await server.get(O)
    t.not(rawPayload[0], 0xef)
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rawPayload)
    t.match(text, 'naïve ☃')
    t.ok(text.isWellFormed())
  })

  t.test('T-3.1-30, -31, -32 D-16: POST is 403, whatever its Content-Type', async t => {
    for (const type of [undefined, taxiiType, 'application/taxii+json', 'text/plain', '%%']) {
      const headers = { authorization: credentials, ...(type && { 'content-type': type }) }
      const request = { method: 'POST', url: O, headers, payload: '{"objects":[' } as const
      failed(t, await server.send(request), 403, type)
    }
  })
})
