/** Where the standard and the clients disagree, in one table (docs/taxii.md#field-and-strict). */
export interface Mode {
  /** Nothing found is `{"more":false,"objects":[]}` instead of `{}` (D-3, CLIENT-7). */
  readonly emptyLists: boolean
  /** A `next` that is altered, foreign to the endpoint, or sent with another `match[…]` counts as absent (D-9). */
  readonly lenientNext: boolean
  /** Empty parameters and list elements count as absent; times may have an offset or no zone (D-7, D-12). */
  readonly lenientQuery: boolean
  /** `Accept: application/json` gets TAXII 2.1 (D-5). */
  readonly acceptsJson: boolean
  /** Without a public URL, discovery names the API root by the request's host even over plain http. */
  readonly absoluteRoots: boolean
}

export const modes = {
  field: {
    emptyLists: true,
    lenientNext: true,
    lenientQuery: true,
    acceptsJson: true,
    absoluteRoots: true
  },
  strict: {
    emptyLists: false,
    lenientNext: false,
    lenientQuery: false,
    acceptsJson: false,
    absoluteRoots: false
  }
} as const satisfies Record<string, Mode>

export type ModeName = keyof typeof modes
