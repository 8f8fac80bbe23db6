type Labels = Readonly<Record<string, string>>

interface Place<T> {
  value: T | undefined
  readonly next: Map<string | undefined, Place<T>>
}

const newPlace = <T>(): Place<T> => ({ value: undefined, next: new Map() })

/**
 * Values by labels, in whatever order these are given. They are found value by value, since to join labels into one
 * text, and to hash that, would cost more than all that is done with what is found.
 */
export class ByLabels<T> {
  readonly #names: readonly string[]
  readonly #make: (labels: Labels) => T
  #root = newPlace<T>()
  #all: T[] = []

  /**
   * @param names of the labels; others make no difference
   * @param make called for labels that are new
   */
  constructor(names: readonly string[], make: (labels: Labels) => T) {
    this.#names = names
    this.#make = make
  }

  get size(): number {
    return this.#all.length
  }

  /** In the order in which they were made. */
  get all(): readonly T[] {
    return this.#all
  }

  at(labels: Labels): T {
    let place = this.#root
    for (const name of this.#names) place = after(place, labels[name])
    if (place.value !== undefined) return place.value
    place.value = this.#make(labels)
    this.#all.push(place.value)
    return place.value
  }

  clear(): void {
    this.#root = newPlace()
    this.#all = []
  }
}

function after<T>({ next }: Place<T>, text: string | undefined): Place<T> {
  const found = next.get(text)
  if (found) return found
  const made = newPlace<T>()
  next.set(text, made)
  return made
}
