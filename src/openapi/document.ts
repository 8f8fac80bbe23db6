import fastifySwagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'
import type { Described } from '../http/described.ts'

export interface OpenapiOptions {
  readonly version: string
  /** Header that may carry the key alone; '' when there is none. */
  readonly keyHeader: string
}

const about = `Sekoia.io feeds over TAXII 2.1, as MISP feeds, and through Sekoia's own API; and what the gateway tells of itself.

Every path that answers GET answers HEAD as well, without a body; OPTIONS is 204 with \`Allow\` and needs no key. Paths are answered with and without their last slash. Parameters that are not named here are ignored, or passed on to Sekoia.`

/**
 * Gathers the routes for the OpenAPI document: those registered after it that have a description. It only looks at
 * them: nothing is checked or made by a description.
 */
export const openapiDocument = fp<OpenapiOptions>(
  async (app, { version, keyHeader }) => {
    const known = new Set<string>()
    app.addHook('onRoute', ({ config }) => {
      for (const schema of schemasOf(config?.openapi)) {
        if (known.has(schema.$id)) continue
        known.add(schema.$id)
        app.addSchema(schema)
      }
    })
    await app.register(fastifySwagger, {
      stripBasePath: false,
      convertConstToEnum: false,
      refResolver: {
        buildLocalReference: (json, _base, _fragment, no) =>
          typeof json['$id'] === 'string' ? json['$id'] : `schema-${no}`
      },
      openapi: {
        openapi: '3.1.0',
        info: { title: 'sekoia-feed-gateway', version, description: about },
        tags: tags.map(([name, description]) => ({ name, description })),
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: 'The Sekoia API key' },
            basic: { type: 'http', scheme: 'basic', description: 'The key as password' },
            ...(keyHeader && {
              keyHeader: { type: 'apiKey', in: 'header', name: keyHeader, description: 'The key' }
            })
          }
        }
      },
      transform: ({ url, route }) => toDocumented(url, route, keyHeader !== ''),
      transformObject: document => withoutHead(document)
    })
  },
  { name: 'openapi-document', fastify: '5.x' }
)

const tags = [
  ['TAXII 2.1', 'Feeds as collections'],
  ['MISP feeds', 'Feeds as MISP pulls them'],
  ['Sekoia API', "Sekoia's own paths, for scripts and connectors written for it"],
  ['Gateway', 'What the gateway holds, who reads it, and what is wrong'],
  ['Health', 'For probes and for Prometheus']
] as const

function toDocumented(
  url: string,
  { config, routePath }: RouteOptions & { readonly routePath?: string },
  hasKeyHeader: boolean
): { url: string; schema: FastifySchema } {
  const described = config?.openapi
  if (!described) return { url, schema: { hide: true } }
  const { security, response, ...rest } = described
  const ways = security?.filter(way => hasKeyHeader || !('keyHeader' in way))
  const schema = { ...rest, response: referring(response), ...(ways && { security: ways }) }
  return { url: toPath(url, routePath, described), schema }
}

/** As clients write it: with the slash of its end, and a name in place of a `*`. */
function toPath(url: string, routePath: string | undefined, { params }: Described): string {
  const last = Object.keys(params?.properties ?? {}).at(-1)
  const path = routePath === '/' && url !== '/' ? `${url.replace(/\/$/, '')}/` : url
  return last === undefined ? path : path.replace(/\*$/, `:${last}`)
}

type Named = TSchema & { readonly $id: string }

const isNamed = (schema: TSchema): schema is Named => '$id' in schema

const schemasOf = (described: Described | undefined): Named[] =>
  Object.values(described?.response ?? {})
    .flatMap(({ content = {} }) => Object.values(content))
    .map(({ schema }) => schema)
    .filter(isNamed)

/** The answers, with references to the schemas that have a name. */
const referring = (response: Described['response']) =>
  mapValues(response, ({ content, ...rest }) => ({
    ...rest,
    ...(content && {
      content: mapValues(content, ({ schema }) => ({
        schema: isNamed(schema) ? { $ref: `${schema.$id}#` } : schema
      }))
    })
  }))

const mapValues = <V, W>(from: Readonly<Record<string, V>>, map: (value: V) => W) =>
  Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(value)]))

/** HEAD is told once, not with every path. */
function withoutHead(told: Parameters<SwaggerTransformObject>[0]) {
  const { openapiObject: document } = told as Extract<typeof told, { openapiObject: unknown }>
  for (const item of Object.values(document.paths ?? {})) delete item?.head
  return document
}

type SwaggerTransformObject = NonNullable<
  Extract<fastifySwagger.SwaggerOptions, { transformObject?: unknown }>['transformObject']
>

interface Documented {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Pick<Described, 'servers'>>>>>
}

/** The document as a client reaches the gateway. Not before the server is ready. */
export function documentFor(app: FastifyInstance, base: string): object {
  const document = app.swagger() as unknown as Documented
  const addressed = (servers: readonly { readonly url: string }[]) =>
    servers.map(({ url }) => ({ url: `${base}${url}` || '/' }))
  const paths = mapValues(document.paths, item =>
    mapValues(item, ({ servers, ...operation }) => ({
      ...operation,
      ...(servers && { servers: addressed(servers) })
    }))
  )
  return { ...document, servers: addressed([{ url: '' }]), paths }
}
