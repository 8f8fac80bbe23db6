import { GatewayError } from '../../kernel/errors.ts'

/** How often Sekoia is asked again when a cursor leads back to where reading has been. */
const patience = 2

/** Counts cursors that lead back within one reading: never an end, and not followed either. */
export class LoopGuard {
  #times = 0
  #hasRestarted = false

  /** False once asking again did not help: then a time is sought instead. Throws `bad-answer` after that, too. */
  mayAskAgain(): boolean {
    if (++this.#times <= patience) return true
    if (this.#hasRestarted)
      throw new GatewayError('bad-answer', { detail: 'Sekoia gave a cursor that leads back' })
    this.#hasRestarted = true
    this.#times = 0
    return false
  }
}
