import { join } from 'node:path'
import t from 'tap'
import type { Mapped } from '../../src/misp/mapping/model.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import { normalise, valueTypes } from '../../src/misp/mapping/values/attribute-types.ts'
import { describeTypes } from '../support/misp/python-types.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'

/**
 * MISP attribute → the STIX pattern that MISP's own exporter makes of it → our attribute, for every type of which the
 * exporter makes a pattern; and each of these patterns in the other ways in which tools of the field write it.
 */

t.setTimeout(2 * pythonTimeoutMs)
preparePython()

const digits = (length: number): string => '0123456789abcdef'.repeat(8).slice(0, length)

const hashes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...[
        ['md5', 32],
        ['sha1', 40],
        ['sha224', 56],
        ['sha256', 64],
        ['sha384', 96]
      ],
      ...[
        ['sha512', 128],
        ['sha512/224', 56],
        ['sha512/256', 64],
        ['sha3-224', 56]
      ],
      ...[
        ['sha3-256', 64],
        ['sha3-384', 96],
        ['sha3-512', 128],
        ['authentihash', 64]
      ],
      ...[
        ['imphash', 32],
        ['pehash', 40],
        ['cdhash', 40],
        ['telfhash', 70]
      ]
    ].map(([type, length]) => [type, digits(length as number)])
  ),
  ssdeep: '96:abc:def',
  impfuzzy: '24:abcd:ij',
  vhash: '1150566d15151138z66',
  tlsh: `t1${digits(70)}`
}

/** A value of every type that the exporter may have a pattern for. */
const samples: Readonly<Record<string, string>> = {
  ...hashes,
  ...Object.fromEntries(
    Object.entries(hashes)
      .filter(([type]) => `filename|${type}` in valueTypes)
      .map(([type, value]) => [`filename|${type}`, `a.exe|${value}`])
  ),
  filename: 'a.exe',
  attachment: 'b.exe',
  'malware-sample': `c.exe|${digits(32)}`,
  'ip-dst': '192.0.2.1',
  'ip-src': '2001:db8::1',
  'ip-dst|port': '192.0.2.1|443',
  'ip-src|port': '192.0.2.1|443',
  domain: 'www.example.com',
  hostname: 'www.example.com',
  'hostname|port': 'www.example.com|443',
  'domain|ip': 'www.example.com|192.0.2.1',
  url: 'https://www.example.com/a?b=c',
  link: 'https://www.example.com/a',
  uri: '/gate.php',
  'user-agent': 'Example/1',
  'http-method': 'POST',
  cookie: 'a=b',
  AS: '64500',
  'mac-address': '00:11:22:33:44:55',
  port: '8080',
  email: 'a@example.com',
  'email-src': 'a@example.com',
  'email-dst': 'b@example.com',
  'email-subject': 'An invoice',
  'email-attachment': 'invoice.doc',
  'email-body': 'Pay now',
  'email-header': 'from a by b',
  'email-reply-to': 'c@example.com',
  'email-x-mailer': 'Example 1',
  'email-message-id': '<1@example.com>',
  'email-src-display-name': 'Example',
  'email-dst-display-name': 'Example',
  regkey: 'HKLM\\Software\\Example',
  'regkey|value': 'HKLM\\Software\\Example|a.exe',
  mutex: 'Example',
  'size-in-bytes': '4096',
  'mime-type': 'application/zip',
  'x509-fingerprint-md5': digits(32),
  'x509-fingerprint-sha1': digits(40),
  'x509-fingerprint-sha256': digits(64),
  'phone-number': '+33123456789',
  'github-username': 'example',
  'twitter-id': 'example',
  btc: '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
  yara: 'rule example { condition: true }',
  sigma: 'title: Example',
  snort: 'alert tcp any any -> any 80 (sid:1;)',
  suricata: 'alert http any any -> any any (sid:2;)',
  zeek: 'signature example { ip-proto == tcp }',
  'kusto-query': 'DeviceEvents'
}

/** What the exporter does not tell apart. */
const becomes: Readonly<Record<string, string>> = {
  attachment: 'filename',
  'malware-sample': 'filename|md5',
  hostname: 'domain',
  link: 'url',
  email: 'email-src',
  'sha512/224': 'sha224',
  'sha512/256': 'sha256',
  'filename|sha512/224': 'filename|sha224',
  'filename|sha512/256': 'filename|sha256',
  suricata: 'snort'
}

/** Patterns that say nothing without others, and go out whole. */
const tooWeak = ['size-in-bytes']

const { types } = await describeTypes([])
/** Types without a sample, with a value that most of them take. */
const others = Object.fromEntries(
  Object.keys(types)
    .filter(type => !Object.hasOwn(samples, type))
    .map(type => [type, type.includes('|') ? 'a|1' : '1234'])
)
const folder = t.testdir({
  'values.json': JSON.stringify(samples),
  'others.json': JSON.stringify(others)
})
const formsOf = (file: string) =>
  runScript<Record<string, Form>>('misp_stix_forms.py', [join(folder, file)])
const forms = await formsOf('values.json')

interface Form {
  readonly pattern: string
  readonly pattern_type: string
}

const map = (form: Form): Mapped => mapIndicator({ id: 'indicator--1', type: 'indicator', ...form })

const valuesOf = ({ attributes, objects }: Mapped): string[] =>
  [...attributes, ...objects.flatMap(({ values }) => values)].map(
    ({ type, value }) => `${type} ${value}`
  )

t.test('the exporter of MISP has patterns for most types', async t => {
  t.ok(Object.keys(forms).length > 60, `${Object.keys(forms).length} types`)
})

t.test('types without a sample have no pattern', async t => {
  t.ok(Object.keys(others).length > 50, `${Object.keys(others).length} types`)
  t.strictSame(await formsOf('others.json'), {})
})

for (const [type, form] of Object.entries(forms)) {
  t.test(`${type}, as MISP exports it, is what it was`, async t => {
    const mapped = map(form)
    if (tooWeak.includes(type)) return t.equal(mapped.fallback, 'incomplete')
    const meant = becomes[type] ?? type
    t.strictSame(valuesOf(mapped), [`${meant} ${normalise(meant, samples[type]!)}`])
    t.equal(mapped.fallback, undefined)
    t.equal(mapped.unsaid, undefined)
  })
}

/** Other ways to write a pattern that mean the same; undefined where there is none. */
const ways: Readonly<Record<string, (pattern: string) => string | undefined>> = {
  'twice, joined by OR': pattern => `${pattern} OR ${pattern}`,
  'its parts in the other order': pattern =>
    `[${pattern.slice(1, -1).split(' AND ').toReversed().join(' AND ')}]`,
  'with the type of its object said': pattern => {
    const object = /^\[([a-z0-9-]+):/.exec(pattern)?.[1]
    return object && `${pattern.slice(0, -1)} AND ${object}:type = '${object}']`
  },
  'with a property of a tool': pattern => {
    const object = /^\[([a-z0-9-]+):/.exec(pattern)?.[1]
    return object && `${pattern.slice(0, -1)} AND ${object}:x_example_score = 90]`
  },
  'without quotes around keys': pattern => pattern.replace(/\.'([A-Za-z0-9-]+)'/g, '.$1'),
  'with double quotes': pattern =>
    pattern.includes('\\') ? undefined : pattern.replaceAll("'", '"'),
  'with lone backslashes': pattern => pattern.replaceAll('\\\\', '\\'),
  'with keywords in small letters': pattern => pattern.replaceAll(' AND ', ' and '),
  'without brackets': pattern => (pattern.includes(' AND ') ? undefined : pattern.slice(1, -1)),
  'without indexes': pattern => pattern.replaceAll('[*]', ''),
  'with indexes of one place': pattern => pattern.replaceAll('[*]', '[0]'),
  'without the properties of references': pattern =>
    pattern.replace(/_refs?(?:\[\*\])?\.value/g, part => part.split(/[.[]/)[0]!),
  'with IN': pattern => pattern.replace(/ = ('[^']*')/g, ' IN ($1)'),
  'with LIKE': pattern =>
    /[%_]'/.test(pattern) ? undefined : pattern.replaceAll(" = '", " LIKE '"),
  'with hashes in small letters': pattern =>
    pattern.replace(/hashes\.\S+/g, key => key.toLowerCase()),
  'in brackets and parentheses': pattern => `([(${pattern.slice(1, -1)})])`,
  'for some time': pattern =>
    `${pattern} START t'2024-01-01T00:00:00Z' STOP t'2034-01-01T00:00:00Z'`
}

for (const [way, write] of Object.entries(ways)) {
  t.test(`patterns of MISP's exporter ${way} are what they were`, async t => {
    let count = 0
    for (const [type, form] of Object.entries(forms)) {
      if (form.pattern_type !== 'stix' || tooWeak.includes(type)) continue
      const pattern = write(form.pattern)
      if (pattern === undefined) continue
      count++
      const mapped = map({ ...form, pattern })
      t.strictSame(valuesOf(mapped), valuesOf(map(form)), pattern)
      t.equal(mapped.fallback, undefined, pattern)
    }
    t.ok(count > 30, `${count} patterns`)
  })
}

for (const name of ['STIX', 'stix2', 'stix 2.1', 'stix-2.0', '', ' stix ']) {
  t.test(`pattern_type «${name}» is STIX`, async t => {
    for (const form of Object.values(forms).filter(form => form.pattern_type === 'stix'))
      t.strictSame(valuesOf(map({ ...form, pattern_type: name })), valuesOf(map(form)))
  })
}
