import { type TObject, type TProperties, Type } from 'typebox'
import {
  anyCredential,
  type Described,
  type DescribedAnswer,
  failures,
  type MediaTypes,
  notModified
} from '../http/described.ts'
import type { ErrorKind } from '../kernel/errors.ts'
import { taxiiType } from './negotiate.ts'
import {
  apiRoot,
  collection,
  collections,
  discovery,
  envelope,
  error,
  instant,
  manifest,
  object,
  text,
  versions
} from './openapi-resources.ts'
import { type Endpoint, parameters } from './parameters.ts'

/** The nine endpoints as the OpenAPI document has them (TAXII 2.1 §4 and §5). */

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
