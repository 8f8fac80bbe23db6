import { type TObject, type TSchema, Type } from 'typebox'
import { type ErrorKind, GatewayError } from '../kernel/errors.ts'

/**
 * What the OpenAPI document says of one operation. It documents alone: no request is checked by it, and no answer is
 * made by it. The schema of an answer that has an `$id` stands in the document once, by that name.
 */
export interface Described {
  /** Unique in the document. */
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  /** Path parameters by their names; the last one also stands for a `*`. */
  readonly params?: TObject
  readonly querystring?: TObject
  readonly body?: { readonly content: MediaTypes }
  /** By status, or by `4XX`. */
  readonly response: Readonly<Record<string, DescribedAnswer>>
  /** Below which addresses it is, in terms of the gateway's own; left out: below that alone. */
  readonly servers?: readonly { readonly url: string }[]
  /** Any of these credentials; left out: none is needed. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

export type MediaTypes = Readonly<Record<string, { readonly schema: TSchema }>>

export interface DescribedAnswer {
  readonly description: string
  readonly content?: MediaTypes
  readonly headers?: Readonly<Record<string, TSchema>>
  /** `null` for an answer without a body. */
  readonly type?: 'null'
}

/** The ways to send a key, by the names that the document gives them. */
export const anyCredential: NonNullable<Described['security']> = [
  { bearer: [] },
  { basic: [] },
  { keyHeader: [] }
]

/** An answer without a body. */
export const bodiless = (description: string): DescribedAnswer => ({ description, type: 'null' })

/** 304, where a 200 has an entity tag. */
export const notModified = { '304': bodiless('The client has this content') }

/** A STIX object, as far as it is told. */
export const stixObject = Type.Object(
  { type: Type.String({ description: 'STIX type' }), id: Type.String({ description: 'STIX id' }) },
  { description: 'A STIX 2.1 object', additionalProperties: true }
)

const header = (description: string) => Type.String({ description })

const headersOf: Readonly<Record<number, Readonly<Record<string, TSchema>>>> = {
  401: { 'WWW-Authenticate': header('Basic and Bearer') },
  429: { 'Retry-After': header('Seconds') },
  503: { 'Retry-After': header('Seconds') }
}

/** What any operation with a key may come to. */
const common: readonly ErrorKind[] = [
  'malformed',
  'unauthorized',
  'forbidden',
  'uri-too-long',
  'throttled',
  'headers-too-large',
  'bad-answer',
  'overloaded',
  'unavailable',
  'timeout'
]

/** Answers of failures, by status: those of {@link common}, and `kinds`. */
export function failures(
  content: MediaTypes,
  kinds: readonly ErrorKind[] = []
): Record<string, DescribedAnswer> {
  const all = [...common, ...kinds].map(kind => new GatewayError(kind))
  const byStatus = Map.groupBy(all, ({ status }) => status)
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => {
      const description = found.map(({ title }) => title).join('; or: ')
      const headers = headersOf[status]
      return [String(status), { description, content, ...(headers && { headers }) }]
    })
  )
}
