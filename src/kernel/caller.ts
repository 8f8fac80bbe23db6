import { inspect } from 'node:util'

/** The HMAC of a key, 32 hex digits: what stores, logs, tags and tokens may carry in its place. */
export type ScopeId = string & { readonly __brand: 'ScopeId' }

/** A Sekoia API key that cannot be printed by accident: every way to text gives `[redacted]`. */
export class ApiKey {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The key itself. Called where the HMAC is taken and where the upstream header is built, nowhere else. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[redacted]'
  }

  toJSON(): string {
    return '[redacted]'
  }

  [inspect.custom](): string {
    return '[redacted]'
  }
}

/** Who asks: the key that goes upstream, and the scope that everything held for it belongs to (G5). */
export interface Caller {
  readonly key: ApiKey
  readonly scope: ScopeId
  /** True for a request that carries `next`: when calls to Sekoia have to wait, its pages go first (P-34). */
  readonly continues?: boolean
  /** True for work that nobody waits for: its calls to Sekoia go last. */
  readonly isInBackground?: boolean
  /** True for work that is given up at the first trouble: Sekoia is asked once, and no breaker counts the failure. */
  readonly givesUp?: boolean
}
