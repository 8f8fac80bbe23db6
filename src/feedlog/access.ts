import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { type GatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock } from '../kernel/ports.ts'

export interface AccessSettings {
  /** How long Sekoia's last yes to a key for a feed is relied upon. */
  readonly rightsSeconds: number
  /** How long Sekoia's no is repeated before it is asked again. */
  readonly refusedSeconds: number
}

interface Standing {
  readonly acceptedAt: number
  readonly refused: { readonly at: number; readonly error: GatewayError } | undefined
}

const maxStandings = 100_000

/**
 * Who may see what: what is held for a key is shown only while Sekoia's yes is recent (G6). A refusal ends
 * access at once; trouble upstream does not.
 */
export class Access {
  readonly #standings = new LRUCache<string, Standing>({ max: maxStandings })
  readonly #unanswered = new LRUCache<string, number>({ max: maxStandings })
  readonly #checks = new Map<string, Promise<void>>()
  readonly #clock: Clock
  readonly #settings: AccessSettings

  constructor(clock: Clock, settings: AccessSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  accepted(caller: Caller, what: string): void {
    const standing = { acceptedAt: this.#clock.now(), refused: undefined }
    this.#standings.set(nameOf(caller, what), standing)
  }

  /** Notes a refusal; other failures say nothing about rights. */
  failed(caller: Caller, what: string, error: unknown): void {
    if (!isRefusal(error)) return
    const refused = { at: this.#clock.now(), error }
    this.#standings.set(nameOf(caller, what), { acceptedAt: 0, refused })
  }

  /** Throws the refusal that stands. */
  assertNotRefused(caller: Caller, what: string): void {
    const refused = this.#standings.get(nameOf(caller, what))?.refused
    if (refused && this.#clock.now() - refused.at < this.#settings.refusedSeconds * 1000)
      throw refused.error
  }

  isRecent(caller: Caller, what: string): boolean {
    const acceptedAt = this.#standings.get(nameOf(caller, what))?.acceptedAt ?? 0
    return this.#clock.now() - acceptedAt < this.#settings.rightsSeconds * 1000
  }

  /** True for a moment after Sekoia could not be asked. */
  isResting(caller: Caller, what: string): boolean {
    const at = this.#unanswered.get(nameOf(caller, what))
    return at !== undefined && this.#clock.now() - at < this.#settings.refusedSeconds * 1000
  }

  /** Asks Sekoia once for all who wait; the answer is noted. Throws what the check throws. */
  check(caller: Caller, what: string, ask: () => Promise<unknown>): Promise<void> {
    const name = nameOf(caller, what)
    const running = this.#checks.get(name)
    if (running) return running
    const check = ask()
      .then(() => this.accepted(caller, what))
      .catch(error => {
        this.failed(caller, what, error)
        if (!isRefusal(error)) this.#unanswered.set(name, this.#clock.now())
        throw error
      })
      .finally(() => this.#checks.delete(name))
    this.#checks.set(name, check)
    return check
  }
}

const nameOf = (caller: Caller, what: string): string => `${caller.scope}:${what}`
