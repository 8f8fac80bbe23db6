import type { Spelling } from '../../stix/pattern/lenient.ts'

/** What STIX becomes in MISP before it has uuids and timestamps (MISP-3). */

/** A value as MISP will store it (MISP-1.9), with a type and category that MISP allows together. */
export interface MispValue {
  readonly type: string
  readonly category: string
  readonly value: string
  /** What `to_ids` is while the indicator is valid. */
  readonly toIds: boolean
}

/** An attribute of an Object. */
export interface RelatedValue extends MispValue {
  /** Its `object_relation` in the template. */
  readonly relation: string
}

export interface MispObject {
  readonly template: TemplateName
  readonly values: readonly RelatedValue[]
}

/** What one STIX object becomes. */
export interface Mapped {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  /** Why the pattern went out whole as `stix2-pattern`; undefined when it was mapped. */
  readonly fallback: string | undefined
  /** Conditions of the pattern that no value expresses, for the comment. */
  readonly unsaid?: readonly string[] | undefined
  /** The values have `to_ids` only within these bounds (START … STOP …). */
  readonly bounds?: Bounds | undefined
  /** Spellings that are not STIX and were read as meant. */
  readonly spellings?: readonly Spelling[] | undefined
}

/** In ms since the epoch. */
export interface Bounds {
  readonly from: number
  readonly until: number
}

/**
 * Object templates of MISP, in the versions that a running MISP accepted (MISP-3.1). Of `requiredOneOf` they have the
 * relations that the gateway has values for; an Object without any of them would not meet its template.
 */
export const templates = {
  file: {
    uuid: '688c46fb-5edb-40a3-8273-1af7923e2215',
    version: '25',
    category: 'file',
    requiredOneOf: [
      'filename',
      'size-in-bytes',
      'authentihash',
      'ssdeep',
      'md5',
      'sha1',
      'sha224',
      'sha256',
      'sha384',
      'sha512',
      'sha512/224',
      'sha512/256',
      'sha3-224',
      'sha3-256',
      'sha3-384',
      'sha3-512',
      'tlsh',
      'telfhash',
      'imphash',
      'path',
      'fullpath'
    ]
  },
  'network-connection': {
    uuid: 'af16764b-f8e5-4603-9de1-de34d272f80b',
    version: '7',
    category: 'network',
    requiredOneOf: ['first-packet-seen', 'ip-src', 'ip-dst', 'src-port', 'dst-port']
  },
  'network-socket': {
    uuid: '48bbfd72-ef8e-4649-b14d-41b4b5a0eba2',
    version: '4',
    category: 'network',
    requiredOneOf: ['ip-src', 'ip-dst', 'src-port', 'dst-port']
  },
  x509: {
    uuid: 'd1ab756a-26b5-4349-9f43-765630f0911c',
    version: '14',
    category: 'network',
    requiredOneOf: [
      'serial-number',
      'issuer',
      'x509-fingerprint-md5',
      'x509-fingerprint-sha1',
      'x509-fingerprint-sha256'
    ]
  },
  'registry-key': {
    uuid: '8b3228ad-6d82-4fe6-b2ae-05426308f1d5',
    version: '5',
    category: 'file',
    requiredOneOf: ['key', 'name', 'data']
  },
  process: {
    uuid: '02aeef94-ac23-455c-addb-731757ceafb5',
    version: '10',
    category: 'misc',
    requiredOneOf: ['name', 'pid', 'image', 'command-line', 'current-directory']
  },
  email: {
    uuid: 'a0c666e0-fc65-4be8-b48f-3423d788b552',
    version: '19',
    category: 'network',
    requiredOneOf: [
      'from',
      'from-display-name',
      'to',
      'to-display-name',
      'subject',
      'attachment',
      'message-id',
      'reply-to',
      'send-date',
      'mime-boundary',
      'thread-index',
      'header',
      'x-mailer',
      'return-path',
      'email-body'
    ]
  },
  'http-request': {
    uuid: 'b4a8d163-8110-4239-bfcf-e08f3a9fdf7b',
    version: '4',
    category: 'network',
    requiredOneOf: ['url', 'uri']
  },
  asn: {
    uuid: '4ec55cc6-9e49-4c64-b794-03c25c1a6587',
    version: '6',
    category: 'network',
    requiredOneOf: ['asn']
  },
  'domain-ip': {
    uuid: '43b3b146-77eb-4931-b4cc-b66c60f28734',
    version: '11',
    category: 'network',
    requiredOneOf: ['ip', 'domain', 'hostname']
  },
  'stix2-pattern': {
    uuid: '0c5bd072-7c3e-4d45-86f7-a8104d9143b9',
    version: '4',
    category: 'misc',
    requiredOneOf: ['stix2-pattern']
  },
  directory: {
    uuid: '23ac6a02-1017-4ea6-a4df-148ed563988d',
    version: '1',
    category: 'file',
    requiredOneOf: ['path']
  },
  'user-account': {
    uuid: '49606b06-22f0-4ac8-8eee-2f12ad46f3d3',
    version: '6',
    category: 'misc',
    requiredOneOf: ['password', 'username', 'user-id']
  },
  software: {
    uuid: 'b1b5dc0e-73fe-443c-8d9d-0e208de3951e',
    version: '1',
    category: 'misc',
    requiredOneOf: ['name']
  },
  'course-of-action': {
    uuid: '3d1c2c06-68a9-4394-8c8d-258d115f796f',
    version: '1',
    category: 'misc',
    requiredOneOf: ['name']
  }
} as const satisfies Record<string, Template>

interface Template {
  readonly uuid: string
  readonly version: string
  readonly category: string
  readonly requiredOneOf: readonly string[]
}

export type TemplateName = keyof typeof templates

/** The levels of TLP 2.0, from open to closed, and 1.0's white as clear. */
export const tlps = ['clear', 'green', 'amber', 'amber+strict', 'red'] as const
export type Tlp = (typeof tlps)[number]
