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

/** What one indicator, or another thing of STIX, becomes. */
export interface Mapped {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  /** Why the pattern went out whole as `stix2-pattern`; undefined when it was mapped. */
  readonly fallback: string | undefined
}

/** Object templates of MISP, at the versions that were accepted by a running MISP (MISP-3.1). */
export const templates = {
  file: { uuid: '688c46fb-5edb-40a3-8273-1af7923e2215', version: '25', category: 'file' },
  'network-connection': {
    uuid: 'af16764b-f8e5-4603-9de1-de34d272f80b',
    version: '7',
    category: 'network'
  },
  x509: { uuid: 'd1ab756a-26b5-4349-9f43-765630f0911c', version: '14', category: 'network' },
  'registry-key': { uuid: '8b3228ad-6d82-4fe6-b2ae-05426308f1d5', version: '5', category: 'file' },
  process: { uuid: '02aeef94-ac23-455c-addb-731757ceafb5', version: '10', category: 'misc' },
  directory: { uuid: '23ac6a02-1017-4ea6-a4df-148ed563988d', version: '1', category: 'file' },
  'user-account': { uuid: '49606b06-22f0-4ac8-8eee-2f12ad46f3d3', version: '6', category: 'misc' },
  software: { uuid: 'b1b5dc0e-73fe-443c-8d9d-0e208de3951e', version: '1', category: 'misc' },
  'course-of-action': {
    uuid: '3d1c2c06-68a9-4394-8c8d-258d115f796f',
    version: '1',
    category: 'misc'
  }
} as const

export type TemplateName = keyof typeof templates

/** The levels of TLP 2.0, from open to closed, and 1.0's white as clear. */
export const tlps = ['clear', 'green', 'amber', 'amber+strict', 'red'] as const
export type Tlp = (typeof tlps)[number]
