import { type TObject, type TSchema, Type } from 'typebox'
import { anyCredential, type Described, failures } from '../http/described.ts'

const error = Type.Object(
  {
    error: Type.Object({
      kind: Type.String(),
      message: Type.String(),
      id: Type.String({ description: 'Under which the log has more' })
    })
  },
  { $id: 'GatewayError', description: 'What went wrong' }
)

/** A resource below `/gateway/v1` as the OpenAPI document has it. */
export function toDescribed(
  url: string,
  summary: string,
  schema: TSchema,
  querystring?: TObject
): Described {
  const name = url.slice(1)
  return {
    operationId: `gateway${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    summary,
    description: "With a Sekoia key what is that key's, with the operator token everything.",
    tags: ['Gateway'],
    security: anyCredential,
    ...(querystring && { querystring }),
    response: {
      '200': { description: summary, content: { 'application/json': { schema } } },
      ...failures({ 'application/json': { schema: error } }, querystring ? ['not-found'] : [])
    }
  }
}
