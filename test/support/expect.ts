import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { taxiiType } from '../../src/taxii/negotiate.ts'

/** A TAXII timestamp with six fraction digits. */
export const ts6 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** An entry of any TAXII list, as tests look at it. */
export interface Fields {
  readonly id: string
  readonly type: string
  readonly date_added: string
  readonly version: string
  readonly [key: string]: unknown
}

/** Any TAXII resource, as tests look at it: a list that is absent fails where it is used. */
export interface Body {
  readonly more?: boolean
  readonly next: string
  readonly objects: readonly Fields[]
  readonly versions: readonly string[]
  readonly collections: readonly Fields[]
  readonly api_roots: readonly string[]
  readonly [key: string]: unknown
}

/** The row's «ok»: status 200 and the exact media type. Gives the body. */
export function ok(t: Test, response: LightMyRequestResponse, message = 'ok'): Body {
  t.equal(response.statusCode, 200, `${message}: status`)
  t.equal(response.headers['content-type'], taxiiType, `${message}: media type`)
  return response.json()
}
const errorKeys = new Set([
  'title',
  'description',
  'error_id',
  'error_code',
  'http_status',
  'external_details',
  'details'
])

/** The row's «E nnn»: the status, and a TAXII error resource that says the same. Gives the body. */
export function failed(
  t: Test,
  response: LightMyRequestResponse,
  status: number,
  message = `E ${status}`
): Record<string, string> {
  t.equal(response.statusCode, status, `${message}: status`)
  t.equal(response.headers['content-type'], taxiiType, `${message}: media type`)
  t.notOk(response.headers['x-taxii-date-added-first'], `${message}: no date headers`)
  const body = response.json()
  t.ok(
    Object.keys(body).every(key => errorKeys.has(key)),
    `${message}: known keys only`
  )
  t.ok(typeof body.title === 'string' && body.title !== '', `${message}: title`)
  t.equal(body.http_status, String(status), `${message}: http_status`)
  return body
}

export const dates = (response: LightMyRequestResponse): [unknown, unknown] => [
  response.headers['x-taxii-date-added-first'],
  response.headers['x-taxii-date-added-last']
]

export const ids = (body: Partial<Pick<Body, 'objects'>>): string[] =>
  (body.objects ?? []).map(({ id }) => id)
