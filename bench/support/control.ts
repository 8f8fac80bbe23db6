/** The controls of a simulated Sekoia in another process, see src/demo/README.md. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Visible } from '../../src/demo/handle.ts'
import { defaultSwitches } from '../../src/demo/switches.ts'
import { goodKey, type Turn } from '../../test/support/knobs.ts'

/** The same, but that Sekoia asks for a pause of two seconds at most. */
export const withShortPauses = <T extends Turn>(turn: T): T =>
  turn.fault?.retryAfterSeconds === undefined
    ? turn
    : { ...turn, fault: { ...turn.fault, retryAfterSeconds: 2 } }

export class Control {
  readonly #url: string
  readonly #key: string

  /** @param url of the simulator, without a path */
  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  /** One call of the control interface. Rejects on every answer but 200. */
  async call<T>(method: string, path: string, command?: object): Promise<T> {
    const answer = await fetch(`${this.#url}/_control/${path}`, {
      method,
      ...(command && { body: JSON.stringify(command) })
    })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }

  visible(): Promise<Visible[]> {
    return this.call('GET', 'visible')
  }

  /** Resolves when everything is well again, `ms` milliseconds after it was not. */
  async disturb(
    { fault, probability = 1, switches, key, isDown }: Turn,
    ms: number
  ): Promise<void> {
    if (fault) await this.call('POST', 'faults', { fault, probability })
    if (switches) await this.call('PATCH', 'switches', { switches })
    if (key) await this.call('PUT', 'keys', { key: this.#key, state: key })
    if (isDown) await this.call('POST', 'refuse', { forMs: ms })
    await delay(ms)
    await this.#mend()
  }

  async #mend(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.call('DELETE', 'faults')
        await this.call('PATCH', 'switches', { switches: defaultSwitches })
        await this.call('PUT', 'keys', { key: this.#key, state: goodKey })
        return
      } catch (error) {
        if (attempt === 50) throw error
        await delay(20)
      }
    }
  }
}
