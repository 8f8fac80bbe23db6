/**
 * Notices that a walk goes round in a circle, in constant memory: it compares each place with one that it keeps for
 * twice as many steps each time (Brent, 1980).
 */
export class LoopMark {
  #mark: string | undefined
  #steps = 0
  #keptFor = 1

  /** True for a place where the walk has been; every circle is noticed within three rounds of it. */
  isBack(place: string): boolean {
    if (place === this.#mark) return true
    if (++this.#steps < this.#keptFor) return false
    this.#mark = place
    this.#steps = 0
    this.#keptFor *= 2
    return false
  }
}
