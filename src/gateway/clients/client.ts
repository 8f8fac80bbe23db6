/** What a client of one feed is configured with. URLs are absolute and as clients reach the gateway. */
export interface Target {
  readonly baseUrl: string
  readonly discovery: string
  readonly apiRoot: string
  readonly collectionId: string
  readonly objects: string
  readonly title: string
  readonly feedId: string
  /** '' when MISP feeds are switched off. */
  readonly misp: string
  readonly native: string
}

/** Stands for the key of whoever sets the client up: pages put it in when a value is copied. */
export const keyPlaceholder = 'YOUR-KEY'

/** Any that is not empty does. */
export const userName = 'sekoia'

/** How we know: a test of ours shows it, the client's code says so, or its vendor's documentation does. */
export type Evidence =
  | { readonly kind: 'proven'; readonly file: string; readonly test: string }
  | { readonly kind: 'source'; readonly of: string }
  | { readonly kind: 'documentation'; readonly of: string }

export interface Claim {
  readonly text: string
  readonly evidence: Evidence
}

/** One field of the client's form or file, under the name that it has there. */
export interface Field {
  readonly name: string
  readonly value: string
  /** True for what is picked from a list or ticked, not typed. */
  readonly isChoice?: boolean
}

export const choose = (name: string, value: string): Field => ({ name, value, isChoice: true })

export interface ConfigFile {
  readonly name: string
  readonly text: string
  /** What is done with it. */
  readonly use: string
}

/** What an answer has to be for the client to work. */
export type Expected =
  | 'discovery'
  | 'api-root'
  | 'collections'
  | 'collection'
  | 'envelope'
  | 'misp-manifest'
  | 'misp-event'
  | 'misp-hashes'
  | 'native-page'
  | 'native-objects'
  | 'valid-key'
  | 'list'
  | 'not-acceptable'

/** A GET as the client makes it. */
export interface ClientRequest {
  /**
   * Below the address of the gateway, without a slash at its start. `{next}`, `{cursor}`, `{event}` and `{object}` stand
   * for what an answer before it gave, and where none gave one the client does not ask; `{yesterday}` is the time a
   * day ago.
   */
  readonly path: string
  readonly accept: string
  readonly credential: 'basic' | 'bearer' | 'token'
  readonly expected: Expected
}

/** A product that reads feeds through the gateway. */
export interface Client {
  /** Name of its page in docs/clients. */
  readonly id: string
  readonly name: string
  readonly dialect: 'taxii' | 'misp' | 'native'
  /** Where in the product this is entered. */
  readonly where: string
  readonly fields: (target: Target) => readonly Field[]
  readonly fieldsEvidence: Evidence
  readonly pitfalls: readonly Claim[]
  readonly file?: (target: Target) => ConfigFile
  readonly requests: (target: Target) => readonly ClientRequest[]
}

export const proven = (file: string, test: string): Evidence => ({ kind: 'proven', file, test })
/** By one of the tests that play what clients of TAXII do. */
export const provenByClients = (test: string): Evidence =>
  proven('test/taxii/field-clients.test.ts', test)
export const source = (of: string): Evidence => ({ kind: 'source', of })
export const documentation = (of: string): Evidence => ({ kind: 'documentation', of })
