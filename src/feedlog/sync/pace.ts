/** Answers this much slower than the fastest ones still count as as fast, ms: a clock of whole milliseconds, and chance. */
const toleranceMs = 10
/** Rounds so much slower than the fastest lead to one chain more, or to half of them. */
const asFast = 1.5
const tooSlow = 2.5

/**
 * How many chains are read at once. Grows by one after each round in which the answers were as fast as ever, is halved
 * where they are not, and at trouble. A round is as many answers as chains are read. Pure but for what it remembers.
 */
export class Pace {
  readonly #max: number
  #level: number
  #fastestMs = Number.POSITIVE_INFINITY
  #round: number[] = []

  /** @param max at least 1; 1 never grows. */
  constructor(max: number) {
    this.#max = max
    this.#level = Math.min(2, max)
  }

  /** How many chains may be read now. */
  get level(): number {
    return this.#level
  }

  /** A page came after so many ms. */
  answered(ms: number): void {
    this.#round.push(ms)
    if (this.#round.length < this.#level) return
    const mean = this.#round.reduce((sum, each) => sum + each, 0) / this.#round.length
    this.#round = []
    this.#fastestMs = Math.min(this.#fastestMs, mean)
    if (mean <= this.#fastestMs * asFast + toleranceMs)
      this.#level = Math.min(this.#max, this.#level + 1)
    else if (mean > this.#fastestMs * tooSlow + toleranceMs) this.#halve()
  }

  /** Sekoia refused the rate, or failed. */
  troubled(): void {
    this.#round = []
    this.#halve()
  }

  #halve(): void {
    this.#level = Math.max(1, Math.floor(this.#level / 2))
  }
}
