interface Flight<T> {
  readonly work: Promise<T>
  /** True once what it will bring is known to be out of date. */
  isOutdated: boolean
}

/** Work that is under way, by name: all who ask for the same share it. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>()

  get(name: string): Promise<T> | undefined {
    return this.#flights.get(name)?.work
  }

  /** @param land gets what it brought, unless that is out of date */
  start(name: string, work: Promise<T>, land: (result: T) => void = () => {}): Promise<T> {
    const flight: Flight<T> = { work, isOutdated: false }
    this.#flights.set(name, flight)
    const end = () => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    }
    work.then(
      result => {
        end()
        if (!flight.isOutdated) land(result)
      },
      () => end()
    )
    return work
  }

  /** Who asks from now on gets work of its own. */
  outdate(name: string): void {
    const flight = this.#flights.get(name)
    if (flight) flight.isOutdated = true
    this.#flights.delete(name)
  }
}
