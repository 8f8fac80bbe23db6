import type { ModeName } from './modes.ts'

/** What an operator decides about the TAXII side. Values are checked by the configuration, not here. */
export interface TaxiiSettings {
  readonly mode: ModeName
  /** One segment with both slashes, beside `/taxii2/`. */
  readonly apiRootPath: string
  readonly title: string
  readonly description: string | undefined
  readonly contact: string | undefined
  /** Absolute URL of this server as clients see it, perhaps with a path prefix; undefined: taken from requests. */
  readonly publicUrl: string | undefined
  /** Objects on a page when the client names no `limit`. */
  readonly defaultLimit: number
  /** Objects on a page at most; larger limits are lowered to it (D-8). */
  readonly maxLimit: number
  /** Bytes of objects on a page; a single larger object is still served. */
  readonly maxBytes: number
  /** Published as `max_content_length` (TAXII 2.1 §4.2.1); nothing can be posted. */
  readonly maxContentLength: number
  /** True: the last page has a `next` too, for scripts that live on it (D-4). */
  readonly tipToken: boolean
  /** Media types of the stored objects (TAXII 2.1 §5.2.1); with `stix.repair: off` the 2.0 type belongs here too. */
  readonly mediaTypes: readonly string[]
}
