import { type TProperties, Type } from 'typebox'
import { stixObject } from '../http/described.ts'

/** The resources of TAXII 2.1 as the OpenAPI document has them. */

export const text = (description: string) => Type.String({ description })
const optional = <T extends ReturnType<typeof text>>(schema: T) => Type.Optional(schema)
const uuid = (description: string) => Type.String({ description, format: 'uuid' })
export const instant = (description: string) => Type.String({ description, format: 'date-time' })
export const object = (id: string, properties: TProperties, description: string) =>
  Type.Object(properties, { $id: `Taxii${id}`, description })

export const error = object(
  'Error',
  {
    title: text('What went wrong'),
    description: optional(text('What to do')),
    error_id: uuid('Under which the log has more'),
    error_code: text('Kind of the failure'),
    http_status: text('The status again')
  },
  'Error resource (TAXII 2.1 §3.6.1)'
)

export const discovery = object(
  'Discovery',
  {
    title: text('Of this server'),
    description: optional(text('Of this server')),
    contact: optional(text('Of its operator')),
    default: text('URL of the API root'),
    api_roots: Type.Array(Type.String())
  },
  'Discovery resource (TAXII 2.1 §4.1.1)'
)

export const apiRoot = object(
  'ApiRoot',
  {
    title: text('Of this API root'),
    description: optional(text('Of this API root')),
    versions: Type.Array(Type.String()),
    max_content_length: Type.Integer()
  },
  'API root resource (TAXII 2.1 §4.2.1)'
)

export const collection = {
  id: uuid('In lower case'),
  title: text('Unique for the key'),
  description: optional(text('As in Sekoia, and what keeps the key from reading it')),
  alias: optional(text("The feed's id at Sekoia, where that is more than a UUID")),
  can_read: Type.Boolean(),
  can_write: Type.Boolean(),
  media_types: Type.Array(Type.String())
}

export const collections = object(
  'Collections',
  { collections: Type.Optional(Type.Array(Type.Object(collection))) },
  'Collections resource (TAXII 2.1 §5.1.1)'
)

/** What `strict` leaves out of an empty answer is optional. */
const paged = {
  more: Type.Optional(Type.Boolean({ description: 'At least one matching object follows' })),
  next: optional(text('For the request that goes on from here'))
}

export const envelope = object(
  'Envelope',
  { ...paged, objects: Type.Optional(Type.Array(stixObject)) },
  'Envelope (TAXII 2.1 §3.7)'
)

const manifestRecord = Type.Object({
  id: text('STIX id'),
  date_added: instant('When it came into the collection'),
  version: text('Its `modified`, else `created`'),
  media_type: optional(text('Of the object'))
})

export const manifest = object(
  'Manifest',
  { ...paged, objects: Type.Optional(Type.Array(manifestRecord)) },
  'Manifest resource (TAXII 2.1 §5.3.1)'
)

export const versions = object(
  'Versions',
  { ...paged, versions: Type.Optional(Type.Array(Type.String())) },
  'Versions resource (TAXII 2.1 §5.8.1)'
)
