import { type TProperties, type TSchema, Type } from 'typebox'
import { type MediaTypes, stixObject } from '../http/described.ts'

/** What requests to Sekoia's own API have, and what it answers. */

export const text = (description: string) => Type.Optional(Type.String({ description }))
const integer = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const anything = { additionalProperties: true } as const
export const object = (properties: TProperties = {}) => Type.Object(properties, anything)
export const json = (schema: TSchema): MediaTypes => ({ 'application/json': { schema } })

/** As Sekoia writes them; its own may have other members. */
export const error = Type.Object(
  {
    message: text('What went wrong'),
    code: text('`T300` for a key that is not accepted, `GATEWAY…` for what the gateway says'),
    errorId: text('Of the gateway: under which its log has more')
  },
  { $id: 'SekoiaError', description: 'An error in the form of Sekoia', ...anything }
)

export const items = (item: TSchema = object(), more: TProperties = {}) =>
  object({ items: Type.Array(item), ...more })

export const page = items(stixObject, {
  next_cursor: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: '`cursor` of the next request' })
  )
})
export const listed = items(object(), {
  total: integer('All of them'),
  has_more: flag('There are more')
})
export const bundle = object({ objects: Type.Array(object()) })
export const one = object({ data: object() })
export const lines: MediaTypes = {
  'text/plain': { schema: Type.String() },
  ...json(Type.Unknown())
}
export const file: MediaTypes = { '*/*': { schema: Type.Unknown() } }

export const id = { id: Type.String({ description: 'STIX id' }) }
export const feed = { feed: Type.String({ description: 'Id of the feed' }) }
export const ids = { ids: Type.String({ description: 'STIX ids, with commas between them' }) }
export const window = {
  limit: integer('Most items'),
  offset: integer('How many are left out before')
}
export const value = {
  value: text('What is looked up'),
  type: text('Its type, such as `domain-name` or `ipv4-addr`')
}
export const walk = {
  limit: integer('Most objects; at most 2,000 come'),
  cursor: text('`next_cursor` of the last page, or the base64 of a time'),
  modified_after: text('A time to begin after'),
  'match[type]': text('STIX types, with commas between them'),
  include_revoked: flag('Revoked objects too'),
  skip_expired: flag('Without expired objects')
}
