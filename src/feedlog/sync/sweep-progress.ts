import type { LogStore } from '../../kernel/ports.ts'

/** How far the sweep of a log has come, as any gateway on the store may go on with it. */
export interface SweepState {
  readonly format: 1
  /** Of the journal that it is compared with. */
  readonly epoch: string
  /** The gateway that read last. */
  readonly owner: string
  /** When it began, ms since the epoch. */
  readonly startedAt: number
  /** Pages read. */
  readonly pages: number
  /** Where it goes on; null: at the beginning. */
  readonly cursor: string | null
  /** A time up to which it has read, ms since the epoch; 0 where none is known. */
  readonly readUpTo: number
  /** How often Sekoia refused its cursor. */
  readonly restarts: number
}

/** Keeps the progress of sweeps: for each log one journal without segments. */
export class SweepProgress {
  readonly #store: LogStore
  readonly #name: string
  #version = 0

  /** @param log its name in the store. */
  constructor(store: LogStore, log: string) {
    this.#store = store
    this.#name = sweepName(log)
  }

  /** Undefined when there is none, or none that this version can read. */
  async load(): Promise<SweepState | undefined> {
    const stored = await this.#store.load(this.#name)
    this.#version = stored?.version ?? 0
    return stored && decodeSweep(stored.state)
  }

  /** False when another gateway wrote since {@link load}. */
  async save(state: SweepState): Promise<boolean> {
    const isFirst = await this.#store.commit(this.#name, {
      expectedVersion: this.#version,
      state: Buffer.from(JSON.stringify(state)),
      heads: [],
      bodies: []
    })
    if (isFirst) this.#version++
    return isFirst
  }

  lease(owner: string, ms: number): Promise<boolean> {
    return this.#store.lease(this.#name, owner, ms)
  }

  release(owner: string): Promise<void> {
    return this.#store.release(this.#name, owner)
  }
}

/** What is kept beside a log under another name. */
export const sweepName = (log: string): string => `${log}:sweep`

export function decodeSweep(state: Buffer): SweepState | undefined {
  try {
    const decoded = JSON.parse(state.toString()) as SweepState
    return decoded.format === 1 ? decoded : undefined
  } catch {
    return undefined
  }
}
