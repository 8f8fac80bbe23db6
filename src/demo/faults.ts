/** Faults on demand (SEKOIA-9.27): a queue of one-shot faults and faults at a rate. */
import { sequence } from './corpus/random.ts'

export type FaultKind =
  /** Answer `status`, from 500 on with an HTML body, as front proxies do. */
  | 'status'
  /** The right answer, `delayMs` late. */
  | 'slow'
  /** Half of the body, then nothing more. */
  | 'stall'
  /** Part of the body, then a reset connection; with `afterBytes: 0` not even the headers. */
  | 'reset'
  /** Half of the body as if it were all. */
  | 'truncated'
  /** 200 with `{message, code}`. */
  | 'error-object'
  /** 200 with an HTML page. */
  | 'html'
  /** 200 with a page that has no `items`. */
  | 'no-items'
  /** 200 with `null`. */
  | 'null'
  /** The right items, with `next_cursor: null`. */
  | 'null-cursor'
  /** Declares gzip and sends something else. */
  | 'bad-gzip'
  /** The answer of this feed's previous page. */
  | 'duplicate-page'
  /** The right items, with the first cursor that this feed ever gave, unless that leads on. */
  | 'loop-cursor'

export interface Fault {
  readonly kind: FaultKind
  /** For `status`: the status code; default 503. */
  readonly status?: number
  /** For `status`: `Retry-After` in whole seconds from now; absent means no such header. */
  readonly retryAfterSeconds?: number
  /** For `status`, of redirects: where to. */
  readonly location?: string
  /** Write `Retry-After` as an HTTP date. */
  readonly retryAfterAsDate?: boolean
  /** Milliseconds before the first byte, for any kind. */
  readonly delayMs?: number
  /** For `stall` and `reset`: bytes of the body that are sent; default half. */
  readonly afterBytes?: number
  /** Only requests whose path and query contain this text. */
  readonly match?: string
  /** Only requests with this key. */
  readonly key?: string
}

interface Rated {
  readonly fault: Fault
  readonly probability: number
}

export class Faults {
  readonly #random: () => number
  #queue: Fault[] = []
  #rated: Rated[] = []

  constructor(seed: number) {
    this.#random = sequence(seed)
  }

  /** One-shot faults that no request has met yet. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Strikes the next matching request, or the next `times` of them. */
  once(fault: Fault, times = 1): void {
    for (let i = 0; i < times; i++) this.#queue.push(fault)
  }

  /** Strikes matching requests with a probability from 0 to 1, until cleared; 1 strikes all of them. */
  rate(fault: Fault, probability = 1): void {
    this.#rated.push({ fault, probability })
  }

  clear(): void {
    this.#queue = []
    this.#rated = []
  }

  /** The fault for a request, if any; a one-shot fault is used up. */
  take(url: string, key: string | undefined): Fault | undefined {
    const fits = ({ match, key: only }: Fault) =>
      (match === undefined || url.includes(match)) && (only === undefined || only === key)
    const at = this.#queue.findIndex(fits)
    if (at >= 0) return this.#queue.splice(at, 1)[0]
    return this.#rated.find(({ fault, probability }) => fits(fault) && this.#random() < probability)
      ?.fault
  }
}
