/**
 * The types that this gateway may send (MISP-3.1, and what the Objects of its templates hold) with the
 * categories in which MISP takes them. A type outside this table is as good as unknown.
 */
const anywhere = ['comment', 'text', 'other']
const sha3 = ['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512']
const commonHashes = ['md5', 'sha1', 'sha256', ...sha3]
const shortened = ['sha512/224', 'sha512/256']
const named = ['authentihash', 'imphash', 'vhash']
const hashes = [...commonHashes, 'sha224', 'sha384', 'sha512', ...shortened, ...named, 'ssdeep']
const withName = (types: readonly string[]) => types.map(type => `filename|${type}`)
const withoutName = ['cdhash', 'impfuzzy', 'telfhash']
const files = [
  ...['filename', ...hashes, ...withoutName],
  ...[...withName([...hashes, 'tlsh', 'pehash']), 'mime-type']
]
const fingerprints = ['md5', 'sha1', 'sha256'].map(hash => `x509-fingerprint-${hash}`)
const addresses = ['ip-src', 'ip-dst', 'ip-src|port', 'ip-dst|port']
const web = ['hostname', 'domain', 'url', 'user-agent', 'AS', 'mac-address']
const mail = ['email', 'email-src', 'email-dst']
const rules = ['stix2-pattern', 'yara', 'sigma']
const registry = ['regkey', 'regkey|value']

const typesOf: Readonly<Record<string, readonly string[]>> = {
  'Internal reference': ['link'],
  'Antivirus detection': ['link'],
  'Support Tool': ['link'],
  'Payload type': [],
  'Payload delivery': [
    ...files,
    ...fingerprints,
    ...addresses,
    ...web,
    ...mail,
    ...rules,
    ...['tlsh', 'pehash', 'hostname|port', 'email-subject', 'link', 'vulnerability', 'cpe'],
    ...['attachment', 'body', 'header', 'message-id', 'reply-to', 'x-mailer'].map(
      part => `email-${part}`
    ),
    ...['email-thread-index', 'email-mime-boundary'],
    ...['email-src-display-name', 'email-dst-display-name']
  ],
  'Payload installation': [
    ...files,
    ...fingerprints,
    ...rules,
    'tlsh',
    'pehash',
    'cpe',
    'vulnerability'
  ],
  'Artifacts dropped': [
    ...files,
    ...fingerprints,
    ...rules,
    ...registry,
    ...['mutex', 'pdb', 'windows-scheduled-task', 'cookie', 'kusto-query'],
    ...['windows-service-name', 'windows-service-displayname']
  ],
  'Persistence mechanism': ['filename', ...registry],
  'Network activity': [
    ...fingerprints,
    ...addresses,
    ...web,
    ...mail,
    ...['domain|ip', 'hostname|port', 'email-subject', 'port', 'snort', 'zeek', 'stix2-pattern'],
    ...['uri', 'cookie', 'http-method']
  ],
  'External analysis': [
    ...commonHashes,
    'filename',
    ...withName(commonHashes),
    ...fingerprints,
    ...addresses,
    ...web,
    ...registry,
    ...['domain|ip', 'snort', 'zeek', 'link', 'vulnerability', 'cpe']
  ],
  Attribution: [...fingerprints, 'email'],
  'Financial fraud': [
    ...['btc', 'dash', 'xmr', 'phone-number'],
    ...['iban', 'bic', 'bank-account-nr', 'cc-number']
  ],
  'Social network': ['github-username', 'twitter-id', ...mail],
  Person: ['email', 'full-name', 'phone-number'],
  Other: [
    'size-in-bytes',
    'counter',
    'integer',
    'float',
    'boolean',
    'datetime',
    'port',
    'phone-number',
    'cpe'
  ]
}

const categories = new Map(
  Object.entries(typesOf).map(([category, types]) => [category, new Set([...types, ...anywhere])])
)
const known = new Set([...categories.values()].flatMap(types => [...types]))

export const isKnownType = (type: string): boolean => known.has(type)

/** True when MISP allows the type in the category. */
export const isAllowed = (type: string, category: string): boolean =>
  categories.get(category)?.has(type) ?? false

/** Types whose value is two values with a `|` between them. */
export const isComposite = (type: string): boolean => type.includes('|')
