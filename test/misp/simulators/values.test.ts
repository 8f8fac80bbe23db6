import t from 'tap'
import { attribute, event, HandMadeFeed } from '../../support/misp/hand-made.ts'
import { local, pulling, reasons } from '../../support/misp/pulling.ts'

/** Which values a MISP stores, and in which form (misp-feed.md §1.9). */

t.test('the form of values', async t => {
  const stored: [string, string, string, string][] = [
    ['domain', 'Network activity', ' Evil[.]Example.org. ', 'evil.example.org'],
    ['domain', 'Network activity', 'bücher.example', 'xn--bcher-kva.example'],
    ['url', 'Network activity', 'hxxps://a[.]example[:]80/\u{1f600}', 'https://a.example:80/?'],
    ['ip-dst', 'Network activity', '2001:DB8:0:0::1', '2001:db8::1'],
    ['ip-dst', 'Network activity', '192.0.2.1/32', '192.0.2.1'],
    ['ip-dst', 'Network activity', '2001:db8::/128', '2001:db8::'],
    ['ip-dst|port', 'Network activity', '192.0.2.1:80', '192.0.2.1|80'],
    ['ip-dst|port', 'Network activity', '[2001:DB8::1]:80', '2001:db8::1|80'],
    ['hostname|port', 'Network activity', 'Host.example:80', 'host.example|80'],
    ['domain|ip', 'Network activity', 'A.example.|2001:DB8::1', 'a.example|2001:db8::1'],
    ['AS', 'Network activity', 'AS1.10', '65546'],
    ['mac-address', 'Network activity', 'AA-BB-CC-DD-EE-FF', 'aa:bb:cc:dd:ee:ff'],
    ['md5', 'Payload delivery', 'AB'.repeat(16), 'ab'.repeat(16)],
    ['filename|md5', 'Payload delivery', `A.EXE|${'AB'.repeat(16)}`, `A.EXE|${'ab'.repeat(16)}`],
    ['x509-fingerprint-sha1', 'Network activity', Array(20).fill('AB').join(':'), 'ab'.repeat(20)],
    ['email-src', 'Payload delivery', 'Evil[at]Example[.]org', 'evil@example.org'],
    ['vulnerability', 'External analysis', 'cve-2026–12345', 'CVE-2026-12345']
  ]
  const Attribute = stored.map(([type, category, value], n) =>
    attribute(10 + n, { type, category, value })
  )
  const misp = pulling(new HandMadeFeed(event(1, { Attribute })))
  await misp.pull()
  t.strictSame(reasons(misp), [])
  stored.forEach(([type, , value, form], n) => {
    t.equal(local(misp, 10 + n)?.value, form, `${type} ${value}`)
  })
})

t.test('the values that it refuses, by type', async t => {
  const refused: [string, string, string][] = [
    ...['localhost', '*.example.org', 'a b.example'].map(
      value => ['domain', 'Network activity', value] as [string, string, string]
    ),
    ...['192.0.02.1', '192.0.2.1/33', '192.0.2.1/8/8', 'fe80::1%eth0', 'example.org'].map(
      value => ['ip-dst', 'Network activity', value] as [string, string, string]
    ),
    ...['192.0.2.1|0', '192.0.2.1|65536', '192.0.2.1', '192.0.2.1|80|x'].map(
      value => ['ip-dst|port', 'Network activity', value] as [string, string, string]
    ),
    ['url', 'Network activity', 'http://example.org/\nx'],
    ['email-src', 'Payload delivery', 'someone@localhost'],
    ['email-src', 'Payload delivery', 'some one@example.org'],
    ['link', 'External analysis', 'http://bücher.example/'],
    ['link', 'External analysis', 'http://example.org/a b'],
    ['link', 'External analysis', 'example.org/a'],
    ['sha256', 'Payload delivery', 'ab'.repeat(31)],
    ['ssdeep', 'Payload delivery', '3:abc'],
    ['tlsh', 'Payload delivery', 'ab'.repeat(17)],
    ['filename|md5', 'Payload delivery', `a|b|${'ab'.repeat(16)}`],
    ['regkey|value', 'Persistence mechanism', 'HKLM\\a|b|c'],
    ['vulnerability', 'External analysis', 'CVE-2026-123'],
    ['btc', 'Financial fraud', 'bitcoin:abc'],
    ['text', 'Other', 'x'.repeat(65_536)]
  ]
  const Attribute = refused.map(([type, category, value], n) =>
    attribute(10 + n, { type, category, value })
  )
  const misp = pulling(new HandMadeFeed(event(1, { Attribute })))
  await misp.pull()
  t.strictSame(misp.attributes(), [])
  t.equal(misp.dropped.length, refused.length)
})
