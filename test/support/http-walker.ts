import { defaultFeedId } from '../../src/demo/feeds/feeds.ts'
import type { Simulator } from '../../src/demo/simulator.ts'

/** A client over real HTTP that follows `next`, then polls with the last date it was given. */
export class HttpWalker {
  readonly #key: string
  readonly #limit: number
  /** Ids of everything received. */
  readonly received = new Set<string>()
  /** Objects received, repeats included. */
  count = 0
  /** True when the last answer said that there is no more. */
  isIdle = false
  #next: string | undefined
  #addedAfter: string | undefined

  constructor({ key, limit }: { key: string; limit: number }) {
    this.#key = key
    this.#limit = limit
  }

  /** One request to a gateway (`http://host:port`). Throws on every answer but 200, and when none comes in 30 s. */
  async step(gateway: string): Promise<void> {
    const url = new URL(`/sekoia/collections/${defaultFeedId}/objects/`, gateway)
    url.searchParams.set('limit', `${this.#limit}`)
    if (this.#next) url.searchParams.set('next', this.#next)
    else if (this.#addedAfter) url.searchParams.set('added_after', this.#addedAfter)
    const answer = await fetch(url, {
      headers: {
        authorization: `Bearer ${this.#key}`,
        accept: 'application/taxii+json;version=2.1'
      },
      signal: AbortSignal.timeout(30_000)
    })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${url.search}: ${answer.status} ${text}`)
    const { objects = [], more = false, next } = JSON.parse(text)
    for (const { id } of objects) this.received.add(id)
    this.count += objects.length
    this.#next = more ? next : undefined
    if (!more) this.#addedAfter = answer.headers.get('x-taxii-date-added-last') ?? this.#addedAfter
    this.isIdle = !more
  }

  /** Reads until there is no more, from the gateway that `choose` names for each step (0, 1, …). */
  async walk(choose: (step: number) => string): Promise<void> {
    let step = 0
    do await this.step(choose(step++))
    while (!this.isIdle)
  }

  /** How many of the objects that Sekoia shows now it has not received. */
  lacks(simulator: Simulator): number {
    return simulator.visible().filter(({ id }) => !this.received.has(id)).length
  }
}
