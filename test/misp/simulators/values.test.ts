import t from 'tap'
import { isAllowed, isKnownType } from '../../support/misp/categories.ts'
import { attribute, event, HandMadeFeed } from '../../support/misp/hand-made.ts'
import { local, pulling, reasons } from '../../support/misp/pulling.ts'
import { storedValue } from '../../support/misp/stored-value.ts'
import { valueRefusal } from '../../support/misp/value-rules.ts'

/** Which values a MISP stores, and in which form (MISP-1.9). */

const hex = (length: number) => 'ab'.repeat(length / 2)
const upper = (length: number) => 'AB'.repeat(length / 2)

const forms: readonly [type: string, value: string, stored: string][] = [
  ['domain', ' Evil[.]Example.org. ', 'evil.example.org'],
  ['domain', 'evil[dot]example(dot)org', 'evil.example.org'],
  ['domain', 'bücher.example', 'xn--bcher-kva.example'],
  ['hostname', 'Host.Example', 'host.example'],
  ['url', '\thxxps://A[.]example[:]80/\u{1f600}é\n', 'https://A.example:80/?é'],
  ['ip-src', '192.0.2.1/32', '192.0.2.1'],
  ['ip-dst', '192.0.2.0/24', '192.0.2.0/24'],
  ['ip-dst', '2001:DB8:0:0::1', '2001:db8::1'],
  ['ip-dst', '2001:DB8::/128', '2001:db8::'],
  ['ip-dst', '2001:DB8::/32', '2001:db8::/32'],
  ['ip-dst', '0:0:0:0:0:FFFF:192.0.2.1', '::ffff:192.0.2.1'],
  ['ip-dst', '::FFFF:192.0.2.1', '::FFFF:192.0.2.1'],
  ['ip-dst', 'a:b', 'a:b'],
  ['ip-dst|port', '192.0.2.1:80', '192.0.2.1|80'],
  ['ip-src|port', '[2001:DB8::1]:80', '2001:db8::1|80'],
  ['ip-dst|port', '2001:DB8::1|80', '2001:db8::1|80'],
  ['ip-dst|port', '192.0.2.1|80|90', '192.0.2.1|80|90'],
  ['hostname|port', 'Host.example:80', 'host.example|80'],
  ['domain|ip', 'A.example.|2001:DB8::1', 'a.example|2001:db8::1'],
  ['domain|ip', 'A.example', 'A.example'],
  ['AS', 'as64496', '64496'],
  ['AS', 'AS1.10', '65546'],
  ['mac-address', 'AA-BB-CC-DD-EE-FF', 'aa:bb:cc:dd:ee:ff'],
  ['md5', upper(32), hex(32)],
  ['filename|md5', `A.EXE|${upper(32)}`, `A.EXE|${hex(32)}`],
  ['filename|md5', upper(32), upper(32)],
  ['filename', 'A.EXE', 'A.EXE'],
  ['x509-fingerprint-sha1', Array(20).fill('AB').join(':'), hex(40)],
  ['email-src', 'Evil[at]Example[.]org', 'evil@example.org'],
  ['vulnerability', 'cve-2026–12345', 'CVE-2026-12345'],
  ['phone-number', '0044 (0)20-1', '+44201'],
  ['boolean', 'False', '0'],
  ['boolean', 'yes', '1'],
  ['datetime', '2026-01-02T03:04:05.6Z', '2026-01-02T03:04:05.600000+0000'],
  ['datetime', '2026-01-02T03:04:05+01:00', '2026-01-02T03:04:05.000000+0100'],
  ['datetime', 'soon', 'soon'],
  ['text', ' Évil\0', 'Évil']
]

t.test('MISP stores values in a form of its own, by type', async t => {
  for (const [type, value, stored] of forms) {
    t.equal(storedValue(type, value), stored, `${type} ${value}`)
    t.equal(storedValue(type, stored), stored, `${type} ${stored} stays`)
  }
})

const taken: readonly [type: string, accepted: string[], refused: string[]][] = [
  ['domain', ['a_b.org', 'a..b-c.xn', 'x.onion'], ['localhost', '*.x.org', 'a b.org', 'a.b']],
  ['hostname', ['a.b.org'], ['a.org/']],
  ['ip-src', ['192.0.2.1'], ['192.0.02.1']],
  [
    'ip-dst',
    ['192.0.2.0/0', '192.0.2.1/32', '::1', '2001:db8::/128'],
    ['192.0.2.1/33', '192.0.2.1/', '1.1.1.1/8/8', '::/129', 'fe80::1%eth0', 'a.org', '1.1.1']
  ],
  ['domain|ip', ['a.org|192.0.2.1', 'a.org|::1'], ['a.org|b.org', 'a|192.0.2.1', 'a.org']],
  ['ip-src|port', ['::1|1'], ['::1', '::1|0']],
  [
    'ip-dst|port',
    ['192.0.2.1|1', '192.0.2.1|65535'],
    ['192.0.2.1|0', '192.0.2.1|65536', '192.0.2.1|a', '192.0.2.1/8|80', '192.0.2.1|80|1']
  ],
  ['hostname|port', ['a.org|80'], ['a.org|0', 'a|80']],
  ['port', ['65535'], ['65536', '0']],
  ['url', ['a', 'a b', 'http://é/'], ['http://a.org/\nb']],
  [
    'link',
    ['https://u:p@a-b.org:8/x?y=z#e', 'http://[::1]/', 'mailto:a@b.c'],
    ['http://bücher.org/', 'http://a.org/a b', 'a.org/a', 'foo:bar', 'http://a_b.org/', '//a.org']
  ],
  ['email', ['a@b.c'], ['a@b']],
  ['email-src', ['"a"@b.c'], ['a@localhost', 'a b@c.d', '@b.c']],
  ['email-dst', ['a@b.'], ['b.c']],
  ...[
    ['md5', 32],
    ['sha1', 40],
    ['sha224', 56],
    ['sha256', 64],
    ['sha384', 96],
    ['sha512', 128],
    ['sha3-256', 64]
  ].map(([type, length]): [string, string[], string[]] => [
    String(type),
    [hex(Number(length))],
    [hex(Number(length) - 2), 'x'.repeat(Number(length))]
  ]),
  ['ssdeep', ['3:ab/+:', '96:a:b'], ['3:abc', 'a:b:c', '3:a:b:c']],
  ['tlsh', [hex(36), `t1${hex(70)}`], [hex(34), 'x'.repeat(70)]],
  ['filename|md5', [`a b|${hex(32)}`], [`a|b|${hex(32)}`, `|${hex(32)}`, `a\nb|${hex(32)}`, 'a|b']],
  ['filename|ssdeep', ['a|3:a:b'], ['a|3:a']],
  ['x509-fingerprint-md5', [hex(32)], [hex(40)]],
  ['x509-fingerprint-sha1', [hex(40)], [hex(32)]],
  ['x509-fingerprint-sha256', [hex(64)], [hex(32)]],
  ['filename', ['a|b'], ['a\nb']],
  ['regkey', ['HKLM\\a b'], ['a\nb']],
  ['regkey|value', ['a|b', 'a|'], ['a', 'a|b|c', 'a|b\nc']],
  ['user-agent', ['curl/8'], ['a\nb']],
  ['windows-scheduled-task', ['a'], ['a\nb']],
  ['yara', ['rule a\n{}'], []],
  ['mutex', ['a\nb'], []],
  ['vulnerability', ['CVE-2026-1234', 'CVE-2026-12345'], ['CVE-2026-123', 'cve-2026-1234', 'X']],
  ['btc', ['1BoatSLRHtKNngkdXEeobR76b53LETtpyT'], ['bitcoin:abc']],
  ['mac-address', ['aa:bb:cc:dd:ee:ff'], ['aa:bb:cc:dd:ee', 'xx:bb:cc:dd:ee:ff']],
  ['AS', ['0', '4294967295'], ['4294967296', 'AS1']],
  ['size-in-bytes', ['0'], ['-1', '1.5']],
  ['counter', ['12'], ['a']],
  ['integer', [], ['12']],
  ['float', ['-1.5e3', '.5', '2.'], ['a', '.']],
  ['phone-number', ['+44201'], ['a']],
  ['datetime', ['2026-01-02T03:04:05.600000+0000'], ['soon', '2026-13-02T03:04:05Z']],
  ['text', ['a', 'x'.repeat(65_535)], ['', '\u0001', 'x'.repeat(65_536), 'é'.repeat(32_768)]]
]

for (const [type, accepted, refused] of taken) {
  t.test(`${type}: what MISP takes and what it refuses`, async t => {
    t.ok(isKnownType(type))
    for (const value of accepted) {
      t.equal(valueRefusal(type, value), undefined, value.slice(0, 60))
    }
    for (const value of refused) t.type(valueRefusal(type, value), 'string', value.slice(0, 60))
  })
}

t.test('a type is allowed in some categories only (MISP-3.1)', async t => {
  t.ok(isAllowed('tlsh', 'Payload delivery'))
  t.notOk(isAllowed('tlsh', 'Artifacts dropped'))
  t.ok(isAllowed('filename|tlsh', 'Artifacts dropped'))
  t.ok(isAllowed('domain|ip', 'Network activity'))
  t.notOk(isAllowed('domain|ip', 'Payload delivery'))
  t.notOk(isAllowed('stix2-pattern', 'External analysis'))
  t.notOk(isAllowed('domain', 'Domain'))
  t.notOk(isKnownType('suricata'))
})

t.test('a pull stores the form', async t => {
  const misp = pulling(
    new HandMadeFeed(event(1, { Attribute: [attribute(10, { value: 'Evil[.]Example.org' })] }))
  )
  await misp.pull()
  t.strictSame(reasons(misp), [])
  t.equal(local(misp, 10)?.value, 'evil.example.org')
})
