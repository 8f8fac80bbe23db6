/**
 * Answers that may be forgotten at any time: bounded, each for a while. `scope` and `name` are made of
 * `[A-Za-z0-9._:-]`, never holding a key of Sekoia. Methods reject when the store is in trouble.
 */
export interface AnswerStore {
  get(scope: string, names: readonly string[]): Promise<readonly (Buffer | undefined)[]>
  /** @param ms how long it is worth keeping */
  put(scope: string, entries: readonly StoredAnswer[], ms: number): Promise<void>
  forget(scope: string, names: readonly string[]): Promise<void>
  /** Forgets all of a scope. */
  forgetAll(scope: string): Promise<void>
  close(): Promise<void>
}

export interface StoredAnswer {
  readonly name: string
  readonly value: Buffer
}
