import { LRUCache } from 'lru-cache'
import type { Answer } from '../http/answers.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Catalog, Outcome, Repeat } from '../kernel/records.ts'
import type { NextTokenUse } from './page-start.ts'

/** Objects as they lie in memory, in a resource. */
export type Body = (chunks: readonly Buffer[]) => readonly Buffer[]

/** What is logged and counted of an answer. */
export interface Facts {
  readonly outcome: Outcome
  /** Objects in it. */
  readonly items: number
  readonly token: NextTokenUse
  readonly fields: Readonly<Record<string, string>>
}

/** An answer with what it was made of, so that it can be told whether it would be made again. */
export interface HeldAnswer<A> {
  readonly answer: A
  readonly repeat: Repeat
  readonly feedId: string
  /** How the request named the feed. */
  readonly name: string
  readonly facts: Facts
}

const maxHeld = 500

/**
 * Answers that were read from memory, by caller and URL. Without the objects, which stay where they lie: what is kept
 * here is the way to them, some kilobytes an answer.
 */
export class HeldAnswers<A> {
  readonly #catalog: Catalog
  readonly #held = new LRUCache<string, HeldAnswer<A>>({ max: maxHeld })

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** The answer that a request for this URL, read anew, would get from memory; undefined: it has to be read. */
  get(caller: Caller, url: string): HeldAnswer<A> | undefined {
    const held = this.#held.get(nameOf(caller, url))
    return held && this.#isListed(caller, held) && held.repeat.holds() ? held : undefined
  }

  set(caller: Caller, url: string, held: HeldAnswer<A>): void {
    this.#held.set(nameOf(caller, url), held)
  }

  #isListed(caller: Caller, { feedId, name }: HeldAnswer<A>): boolean {
    const feed = this.#catalog.resolveHeld(caller, name)
    return feed?.feedId === feedId && feed.unwalkable === undefined
  }
}

/** An answer with its objects found again, apart from the page, which would keep their bytes in memory (G9). */
export const repeated = <A extends Answer>(answer: A, body: Body, repeat: Repeat): A => ({
  ...answer,
  body: () => body(repeat.chunks()),
  comesAgain: true
})

const nameOf = ({ scope }: Caller, url: string): string => `${scope} ${url}`
