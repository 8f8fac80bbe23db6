import fc from 'fast-check'
import t from 'tap'
import { hashedParts } from '../../src/misp/events/md5s.ts'
import { hashedSpellings, hashedParts as looked } from '../support/misp/hashed-values.ts'

t.test('hashes.csv (MISP-1.3): a value without capitals stands once', async t => {
  t.strictSame(hashedParts('domain', 'www.example.com'), ['www.example.com'])
})

t.test('a value with capitals stands as it is and in lower case', async t => {
  t.strictSame(hashedParts('url', 'https://example.com/A'), [
    'https://example.com/A',
    'https://example.com/a'
  ])
  t.strictSame(hashedParts('vulnerability', 'CVE-2026-0001'), ['CVE-2026-0001', 'cve-2026-0001'])
})

t.test('lower case is that of ASCII, as MISP makes it', async t => {
  t.strictSame(hashedParts('filename', 'ÉA'), ['ÉA', 'Éa'])
})

t.test('each part of a composite stands by itself', async t => {
  t.strictSame(hashedParts('filename|md5', 'A.exe|ab'), ['A.exe', 'a.exe', 'ab'])
  t.strictSame(hashedParts('domain|ip', 'example.com|192.0.2.1'), ['example.com', '192.0.2.1'])
})

t.test('parts that are the same stand once', async t => {
  t.strictSame(hashedParts('regkey|value', 'A|a'), ['A', 'a'])
})

t.test('a | in what is no composite is part of the value', async t => {
  t.strictSame(hashedParts('url', 'https://example.com/a|b'), ['https://example.com/a|b'])
})

t.test('of an address or host with a port only the first part is looked up', async t => {
  for (const type of ['ip-src|port', 'ip-dst|port', 'hostname|port'])
    t.strictSame(hashedParts(type, 'first|80'), ['first'], type)
})

t.test('types that MISP never correlates are left out', async t => {
  const types = 'comment,http-method,port,counter,integer,float,boolean,gender,nationality,aba-rtn'
  for (const type of [...types.split(','), 'cortex', 'anonymised'])
    t.strictSame(hashedParts(type, 'a'), [], type)
})

t.test('MISP finds every part it looks for, on both of its ways', async t => {
  const type = fc.constantFrom('url', 'filename|md5', 'ip-dst|port', 'text', 'port', 'regkey|value')
  const value = fc.string({ unit: fc.constantFrom('a', 'B', 'É', '|', ':', '1') })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(type, value, (type, value) => {
        const found = new Set(hashedParts(type, value))
        const wanted = new Set(looked(type, value).flatMap(hashedSpellings))
        return found.size === wanted.size && [...wanted].every(part => found.has(part))
      }),
      { seed: 20_261_124, numRuns: 1000 }
    )
  )
})
