import { type TObject, type TProperties, Type } from 'typebox'
import {
  anyCredential,
  type Described,
  type DescribedAnswer,
  failures,
  type MediaTypes,
  notModified,
  stixObject
} from '../http/described.ts'
import type { ErrorKind } from '../kernel/errors.ts'
import { taxiiType } from './negotiate.ts'
import { type Endpoint, parameters } from './parameters.ts'

/** The nine endpoints as the OpenAPI document has them (TAXII 2.1 §4 and §5). */

const text = (description: string) => Type.String({ description })
const optional = <T extends ReturnType<typeof text>>(schema: T) => Type.Optional(schema)
const uuid = (description: string) => Type.String({ description, format: 'uuid' })
const instant = (description: string) => Type.String({ description, format: 'date-time' })
const object = (id: string, properties: TProperties, description: string) =>
  Type.Object(properties, { $id: `Taxii${id}`, description })

const error = object(
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

const discovery = object(
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

const apiRoot = object(
  'ApiRoot',
  {
    title: text('Of this API root'),
    description: optional(text('Of this API root')),
    versions: Type.Array(Type.String()),
    max_content_length: Type.Integer()
  },
  'API root resource (TAXII 2.1 §4.2.1)'
)

const collection = {
  id: uuid('In lower case'),
  title: text('Unique for the key'),
  description: optional(text('As in Sekoia, and what keeps the key from reading it')),
  alias: optional(text("The feed's id at Sekoia, where that is more than a UUID")),
  can_read: Type.Boolean(),
  can_write: Type.Boolean(),
  media_types: Type.Array(Type.String())
}

const collections = object(
  'Collections',
  { collections: Type.Optional(Type.Array(Type.Object(collection))) },
  'Collections resource (TAXII 2.1 §5.1.1)'
)

/** What `strict` leaves out of an empty answer is optional. */
const paged = {
  more: Type.Optional(Type.Boolean({ description: 'At least one matching object follows' })),
  next: optional(text('For the request that goes on from here'))
}

const envelope = object(
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

const manifest = object(
  'Manifest',
  { ...paged, objects: Type.Optional(Type.Array(manifestRecord)) },
  'Manifest resource (TAXII 2.1 §5.3.1)'
)

const versions = object(
  'Versions',
  { ...paged, versions: Type.Optional(Type.Array(Type.String())) },
  'Versions resource (TAXII 2.1 §5.8.1)'
)

const content = (schema: TObject): MediaTypes => ({ [taxiiType]: { schema } })

/** Lists are written with commas. */
const query = (properties: TProperties): TObject =>
  Object.assign(Type.Object(properties), { style: 'form', explode: false })

const inCollection = { collection: text('Id of the collection, in any letter case, or its alias') }
const inObject = { ...inCollection, object: text('STIX id') }

const dates = {
  'X-TAXII-Date-Added-First': instant('Of the first object'),
  'X-TAXII-Date-Added-Last': instant('Of the last object: the next `added_after`'),
  'X-Cache': text('`hit`, `miss` or `stale`')
}

const refused: readonly ErrorKind[] = ['not-acceptable']
const ofCollection: readonly ErrorKind[] = ['not-acceptable', 'not-found']

function describe(
  operationId: string,
  summary: string,
  answer: DescribedAnswer | undefined,
  kinds: readonly ErrorKind[],
  more: Pick<Described, 'params' | 'querystring' | 'description'> = {}
): Described {
  return {
    operationId,
    summary,
    ...more,
    tags: ['TAXII 2.1'],
    security: anyCredential,
    response: {
      ...(answer && { '200': answer, ...notModified }),
      ...failures(content(error), kinds)
    }
  }
}

const ok = (schema: TObject, headers?: DescribedAnswer['headers']): DescribedAnswer => ({
  description: 'The resource',
  content: content(schema),
  ...(headers && { headers })
})

const params = (properties: TProperties) => ({ params: Type.Object(properties) })

const data = (
  operationId: string,
  summary: string,
  schema: TObject,
  names: TProperties,
  endpoint: Endpoint
): Described =>
  describe(operationId, summary, ok(schema, dates), [...ofCollection, 'unwalkable'], {
    ...params(names),
    querystring: query(parameters[endpoint])
  })

/** Descriptions of the endpoints with filters and pages. */
export const describedPages: Readonly<Record<Endpoint, Described>> = {
  objects: data('taxiiObjects', 'Objects of a collection', envelope, inCollection, 'objects'),
  manifest: data('taxiiManifest', 'Their ids and versions', manifest, inCollection, 'manifest'),
  object: data('taxiiObject', 'One object', envelope, inObject, 'object'),
  versions: data('taxiiVersions', 'Versions of an object', versions, inObject, 'versions')
}

export const described = {
  discovery: describe('taxiiDiscovery', 'Which API roots there are', ok(discovery), refused),
  apiRoot: describe('taxiiApiRoot', 'The API root', ok(apiRoot), refused),
  status: describe(
    'taxiiStatus',
    'No status exists: nothing can be added',
    undefined,
    ofCollection,
    {
      ...params({ status: text('Id of a status') })
    }
  ),
  collections: describe('taxiiCollections', 'The feeds of the key', ok(collections), refused),
  collection: describe(
    'taxiiCollection',
    'One of them',
    ok(object('Collection', collection, 'Collection resource (TAXII 2.1 §5.2.1)')),
    ofCollection,
    {
      ...params(inCollection)
    }
  ),
  add: describe(
    'taxiiAddObjects',
    'Refused: read-only',
    undefined,
    [...ofCollection, 'read-only'],
    {
      ...params(inCollection)
    }
  ),
  remove: describe(
    'taxiiDeleteObject',
    'Refused: read-only',
    undefined,
    [...ofCollection, 'read-only'],
    {
      ...params(inObject)
    }
  )
} as const satisfies Readonly<Record<string, Described>>
