/**
 * The types that this gateway may send (MISP-3.1, and what the Objects of its templates hold) with the
 * categories in which MISP takes them. A type outside this table is as good as unknown.
 */
const anywhere = ['comment', 'text', 'other']
const commonHashes = ['md5', 'sha1', 'sha256', 'sha3-256']
const hashes = [...commonHashes, 'sha224', 'sha384', 'sha512', 'ssdeep']
const withName = (types: readonly string[]) => types.map(type => `filename|${type}`)
const files = ['filename', ...hashes, ...withName([...hashes, 'tlsh']), 'mime-type']
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
    ...['tlsh', 'hostname|port', 'email-subject', 'link', 'vulnerability']
  ],
  'Payload installation': [...files, ...fingerprints, ...rules, 'tlsh', 'vulnerability'],
  'Artifacts dropped': [
    ...files,
    ...fingerprints,
    ...rules,
    ...registry,
    ...['mutex', 'pdb', 'windows-scheduled-task']
  ],
  'Persistence mechanism': ['filename', ...registry],
  'Network activity': [
    ...fingerprints,
    ...addresses,
    ...web,
    ...mail,
    ...['domain|ip', 'hostname|port', 'email-subject', 'port', 'snort', 'stix2-pattern']
  ],
  'External analysis': [
    ...commonHashes,
    'filename',
    ...withName(commonHashes),
    ...fingerprints,
    ...addresses,
    ...web,
    ...registry,
    ...['domain|ip', 'snort', 'link', 'vulnerability']
  ],
  Attribution: [...fingerprints, 'email'],
  'Financial fraud': ['btc', 'phone-number'],
  'Social network': ['github-username', ...mail],
  Person: ['email', 'full-name', 'phone-number'],
  Other: [
    'size-in-bytes',
    'counter',
    'integer',
    'float',
    'boolean',
    'datetime',
    'port',
    'phone-number'
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
