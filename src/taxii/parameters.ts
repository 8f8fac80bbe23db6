import { type TObject, Type } from 'typebox'

/** The query parameters (TAXII 2.1 §3.4): what the OpenAPI document says of each, and which endpoint knows which. */

const list = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))
const text = (description: string) => Type.Optional(Type.String({ description }))

const paging = {
  added_after: Type.Optional(
    Type.String({ description: 'Objects that came later', format: 'date-time' })
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, description: 'Most objects in the answer' })),
  next: text('Of the last answer; the other parameters stay as they were')
}
const ofVersions = { ...paging, 'match[spec_version]': list('`2.0`, `2.1`') }
const ofObject = { ...ofVersions, 'match[version]': list('`first`, `last`, `all`, or timestamps') }
const ofObjects = { ...ofObject, 'match[id]': list('STIX ids'), 'match[type]': list('STIX types') }

/** The four endpoints with filters and pages; also what a `next` token belongs to. */
export type Endpoint = 'objects' | 'manifest' | 'object' | 'versions'

/** Which parameters each endpoint knows (T-3.4.1-50); all others are ignored (D-11). */
export const parameters: Readonly<Record<Endpoint, TObject['properties']>> = {
  objects: ofObjects,
  manifest: ofObjects,
  object: ofObject,
  versions: ofVersions
}
