import { GatewayError } from '../kernel/errors.ts'

/** How often Sekoia is asked again when a cursor leads back to where reading has been. */
const patience = 2

/** Counts cursors that lead back within one reading: never an end, and not followed either. */
export class LoopGuard {
  #times = 0

  /** Throws `bad-answer` once asking again did not help. */
  refuse(): void {
    if (++this.#times > patience)
      throw new GatewayError('bad-answer', { detail: 'Sekoia gave a cursor that leads back' })
  }
}
