import type { World } from '../gateway.ts'
import { truth } from '../walks.ts'

/** All that Sekoia ever showed in a feed: what nobody was shown, nobody may be given. */
export class Ledger {
  readonly #world: World
  readonly #feedId: string | undefined
  readonly #versions = new Set<string>()
  readonly #ids = new Set<string>()

  constructor(world: World, feedId?: string) {
    this.#world = world
    this.#feedId = feedId
    this.note()
  }

  /** Takes down what is shown now. */
  note(): void {
    for (const key of truth(this.#world, this.#feedId)) {
      this.#versions.add(key)
      this.#ids.add(idOf(key))
    }
    for (const id of this.#world.simulator.unreadable(this.#feedId)) this.#ids.add(id)
  }

  /** Keys (`id|modified`) that were never shown; where `isOdd`, the time leaves in another form. */
  strangers(received: Iterable<string>, isOdd: (key: string) => boolean): string[] {
    return [...received].filter(key =>
      isOdd(key) ? !this.#ids.has(idOf(key)) : !this.#versions.has(key)
    )
  }
}

const idOf = (key: string): string => key.slice(0, key.indexOf('|'))
