import type { FastifyRequest } from 'fastify'
import type { Content } from '../http/answers.ts'
import { digestOf } from '../http/content-digest.ts'
import type { Dialect, Handler, Operation, Path } from '../http/dialect.ts'
import { GatewayError } from '../kernel/errors.ts'
import { toEnvelope } from './envelope.ts'
import { errorResource } from './errors.ts'
import { toManifest } from './manifest.ts'
import { modes } from './modes.ts'
import { assertAcceptable, taxiiType } from './negotiate.ts'
import { described, describedPages } from './openapi.ts'
import { collectionNamed, pageHandler, type TaxiiDeps } from './page-handler.ts'
import type { Endpoint } from './parameters.ts'
import { toApiRoot, toCollection, toCollections, toDiscovery } from './resources.ts'
import { toVersions } from './versions.ts'

/**
 * TAXII 2.1: the nine endpoints of TAXII 2.1 §3.1. Discovery is outside the API root (TAXII 2.1 §4.1), all others are below it
 * (TAXII 2.1 §4.2 – §5.8). Checks come in the order of D-15: path, method, credentials, Accept, collection, query.
 */
export function taxiiDialect(deps: TaxiiDeps): Dialect {
  const { settings } = deps
  const mode = modes[settings.mode]
  return {
    name: 'taxii',
    errorForm: errorResource,
    representation: JSON.stringify(settings),
    continues: ({ query }) => Boolean((query as { readonly next?: unknown }).next),
    assertAcceptable: accept => assertAcceptable(accept, mode),
    mounts: [
      { prefix: '/taxii2', paths: [discoveryPath(deps)] },
      { prefix: settings.apiRootPath.replace(/\/+$/, ''), paths: rootPaths(deps) }
    ]
  }
}

const discoveryPath = ({ settings }: TaxiiDeps): Path => ({
  url: '/',
  operations: {
    GET: {
      verifies: true,
      described: described.discovery,
      handle: request => toContent(toDiscovery(settings, request.origin))
    }
  }
})

/** The paths of the API root, relative to it. POST and DELETE are refused as read-only (D-16). */
function rootPaths(deps: TaxiiDeps): Path[] {
  const { settings, catalog } = deps
  const mode = modes[settings.mode]
  const paged = (endpoint: Endpoint, render: Parameters<typeof pageHandler>[2]): Operation => ({
    heavy: true,
    described: describedPages[endpoint],
    handle: pageHandler(deps, endpoint, render)
  })
  const objects = paged('objects', page => toEnvelope(page, mode))
  const object = paged('object', page => toEnvelope(page, mode))
  const manifest = paged('manifest', page => [toManifest(page, mode, settings.mediaTypes)])
  const versions = paged('versions', page => [toVersions(page, mode)])
  const refused = { verifies: true, handle: refuseWrite(deps) }
  const collection = '/collections/:collection'
  return [
    {
      url: '/',
      operations: {
        GET: {
          verifies: true,
          described: described.apiRoot,
          handle: () => toContent(toApiRoot(settings))
        }
      }
    },
    {
      url: '/status/:status/',
      operations: {
        GET: { verifies: true, described: described.status, handle: refuseStatus }
      }
    },
    {
      url: '/collections/',
      operations: {
        GET: {
          described: described.collections,
          handle: async (_request, caller) =>
            toContent(toCollections(await catalog.list(caller), settings))
        }
      }
    },
    {
      url: `${collection}/`,
      operations: {
        GET: {
          verifies: true,
          described: described.collection,
          handle: async (request, caller) =>
            toContent(
              toCollection(await catalog.inspect(caller, collectionNamed(request)), settings)
            )
        }
      }
    },
    { url: `${collection}/manifest/`, operations: { GET: manifest } },
    {
      url: `${collection}/objects/`,
      operations: { GET: objects, POST: { ...refused, described: described.add } }
    },
    {
      url: `${collection}/objects/:object/`,
      operations: { GET: object, DELETE: { ...refused, described: described.remove } }
    },
    { url: `${collection}/objects/:object/versions/`, operations: { GET: versions } }
  ]
}

/** A small resource, made anew for every request. */
const toContent = (body: Buffer): Content => ({
  mediaType: taxiiType,
  headers: {},
  digest: digestOf([body]),
  body: () => [body]
})

/** Nothing can be added, so no status exists (TAXII 2.1 §4.3). */
const refuseStatus: Handler = () => {
  throw new GatewayError('not-found')
}

/** Refuses writing; a collection that does not exist is 404 first. */
const refuseWrite =
  ({ catalog }: TaxiiDeps): Handler =>
  async (request: FastifyRequest, caller) => {
    await catalog.inspect(caller, collectionNamed(request))
    throw new GatewayError('read-only')
  }
