/**
 * What repairing needs to know of STIX 2.1: which properties an object of a type must have, and which are timestamps.
 * Of types that STIX does not define nothing is known.
 */

interface TypeRules {
  readonly required: ReadonlySet<string>
  readonly times: ReadonlySet<string>
}

const seen = 'first_seen last_seen'
const fileTimes = 'ctime mtime atime'

/**
 * Required properties (beside those all objects have; `name` and `object_refs` also where STIX wants them in most cases
 * only), and timestamps (beside `created` and `modified`). */
const domainObjects = {
  'attack-pattern': ['name', ''],
  campaign: ['name', seen],
  'course-of-action': ['name', ''],
  grouping: ['context object_refs', ''],
  identity: ['name', ''],
  incident: ['name', ''],
  indicator: ['pattern pattern_type valid_from', 'valid_from valid_until'],
  infrastructure: ['name', seen],
  'intrusion-set': ['name', seen],
  location: ['', ''],
  malware: ['is_family name', seen],
  'malware-analysis': ['product', 'submitted analysis_started analysis_ended'],
  note: ['content object_refs', ''],
  'observed-data': [
    'first_observed last_observed number_observed object_refs',
    'first_observed last_observed'
  ],
  opinion: ['opinion object_refs', ''],
  report: ['name published object_refs', 'published'],
  'threat-actor': ['name', seen],
  tool: ['name', ''],
  vulnerability: ['name', ''],
  relationship: ['relationship_type source_ref target_ref', 'start_time stop_time'],
  sighting: ['sighting_of_ref', seen],
  'language-content': ['object_ref contents', ''],
  'extension-definition': ['created_by_ref name schema version extension_types', '']
} as const

const observables = {
  artifact: ['', ''],
  'autonomous-system': ['number', ''],
  directory: ['path', fileTimes],
  'domain-name': ['value', ''],
  'email-addr': ['value', ''],
  'email-message': ['is_multipart', 'date'],
  file: ['', fileTimes],
  'ipv4-addr': ['value', ''],
  'ipv6-addr': ['value', ''],
  'mac-addr': ['value', ''],
  mutex: ['name', ''],
  'network-traffic': ['protocols', 'start end'],
  process: ['', 'created_time'],
  software: ['name', ''],
  url: ['value', ''],
  'user-account': [
    '',
    'account_created account_expires credential_last_changed account_first_login account_last_login'
  ],
  'windows-registry-key': ['', 'modified_time'],
  'x509-certificate': ['', 'validity_not_before validity_not_after']
} as const

const words = (text: string): string[] => text.split(' ').filter(word => word !== '')

const rulesOf = ([required, times]: readonly [string, string], always: string): TypeRules => ({
  required: new Set(words(`${required} ${always}`)),
  times: new Set(words(times))
})

const byType = new Map<string, TypeRules>([
  ...Object.entries(domainObjects).map(
    ([type, texts]) => [type, rulesOf(texts, 'created modified')] as const
  ),
  ...Object.entries(observables).map(([type, texts]) => [type, rulesOf(texts, '')] as const),
  ['marking-definition', rulesOf(['definition_type definition', ''], 'created')]
])

const unknownType = rulesOf(['', ''], 'created modified')

/** True for a property that objects of this type must have (of types STIX does not define: the times of versions). */
export const isRequired = (type: string | undefined, property: string): boolean =>
  (byType.get(type ?? '') ?? unknownType).required.has(property)

/** True for a property that is a timestamp in this type. */
export const isTime = (type: string | undefined, property: string): boolean =>
  byType.get(type ?? '')?.times.has(property) ?? false

/** All of them that any type has. */
export const timeProperties: readonly string[] = [
  ...new Set([...byType.values()].flatMap(({ times }) => [...times]))
]

const inLists = new Map([
  ['external_references', new Set(['source_name'])],
  ['kill_chain_phases', new Set(['kill_chain_name', 'phase_name'])],
  ['granular_markings', new Set(['selectors'])]
])

/** True for a property that the elements of such a list must have. */
export const isRequiredIn = (list: string, property: string): boolean =>
  inLists.get(list)?.has(property) ?? false
