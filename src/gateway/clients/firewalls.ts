import { type Client, choose, documentation, keyPlaceholder, proven, userName } from './client.ts'
import { quoted } from './quoting.ts'
import { nativePage, objects, taxii } from './requests.ts'

export const fortigate: Client = {
  id: 'fortigate',
  name: 'FortiGate and other firewalls with external lists',
  dialect: 'native',
  where: 'Security Fabric, External Connectors, Threat Feeds: a list of plain text.',
  fields: ({ native }) => [
    { name: 'URI of external resource, domains', value: `${native}${listOf('domain-name')}` },
    { name: 'URI of external resource, IPv4 addresses', value: `${native}${listOf('ipv4-addr')}` },
    choose('HTTP basic authentication', 'on'),
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder },
    { name: 'Refresh rate', value: '60' }
  ],
  fieldsEvidence: documentation('Fortinet, external resources; Sekoia.io, block lists'),
  pitfalls: [
    {
      text: 'Do not use a stix:// address: FortiGate asks for STIX 2.0 and reads the first page only, so the gateway refuses it (406) rather than let it miss the rest.',
      evidence: proven(
        'test/taxii/field-clients.test.ts',
        'CLIENT-12: vendor types of TAXII 2.0 get 406, everything else sensible gets 2.1'
      )
    },
    {
      text: 'A list is an error, never empty, when Sekoia is away and nothing is held: a firewall keeps its old list.',
      evidence: proven(
        'test/native/clients.test.ts',
        '9: a firewall reads a list of texts with Basic, whatever it accepts'
      )
    },
    {
      text: 'One list has at most 10,000 values: make a feed in Sekoia for what the firewall should block.',
      evidence: documentation('Sekoia.io, block lists')
    }
  ],
  file: ({ native }) => ({
    name: 'fortigate.conf',
    use: 'Lines for the command line of FortiGate. Put in the key, and upload them as a script: typed in a terminal, ? calls for help.',
    text: [
      'config system external-resource',
      '    edit "sekoia-domains"',
      '        set type domain',
      `        set resource ${quoted(`${native}${listOf('domain-name')}`)}`,
      `        set username ${quoted(userName)}`,
      `        set password ${quoted(keyPlaceholder)}`,
      '        set refresh-rate 60',
      '    next',
      '    edit "sekoia-addresses"',
      '        set type address',
      `        set resource ${quoted(`${native}${listOf('ipv4-addr')}`)}`,
      `        set username ${quoted(userName)}`,
      `        set password ${quoted(keyPlaceholder)}`,
      '        set refresh-rate 60',
      '    next',
      'end',
      ''
    ].join('\n')
  }),
  requests: target => [
    {
      ...nativePage(target, listOf('domain-name'), { accept: '*/*', credential: 'basic' }),
      expected: 'list'
    },
    {
      ...objects(target, '', { ...taxii, accept: 'application/vnd.oasis.stix+json; version=2.0' }),
      expected: 'not-acceptable'
    }
  ]
}

const listOf = (type: string): string =>
  `?format=text&limit=10000&skip_expired=true&include_revoked=false&match%5Bobservable_type%5D=${type}`
