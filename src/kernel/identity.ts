/** Who asks, as far as logs and pages may tell. No part of it is a key, and each is one short line of plain text. */
export interface Identity {
  /** Of the client; behind a trusted proxy that of the proxy's client. */
  readonly address: string
  readonly userAgent: string | undefined
  /** The user name that came with Basic, which clients choose as they like. */
  readonly user: string | undefined
}

/** How far an answer led its client in a feed. */
export interface Progress {
  /** False when the answer told the end of the feed. */
  readonly more: boolean
  /** date_added of the last record in it, ms since the epoch; undefined when it had none, or its dialect has no dates. */
  readonly reached: number | undefined
}
