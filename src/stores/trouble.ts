/**
 * What a store says about itself for `/readyz`: in trouble since the last failed read or write, well again once
 * an operation of the same kind succeeds. Reads and writes are told apart because a full disk still reads.
 */
export interface TroubleWatch {
  /** Runs one operation of a store; rejects with what it threw. */
  attempt<T>(kind: 'reading' | 'writing', operation: () => T | Promise<T>): Promise<T>
  /** A short text, or undefined when all is well. */
  text(): string | undefined
}

/** `onChange` gets the text when trouble begins and undefined when it has ended: once for each change. */
export function watchTrouble(onChange: (trouble: string | undefined) => void = () => {}) {
  const causes = new Map<string, string>()

  const text = () => {
    const [first] = causes
    return first && `${first[0]} failed: ${first[1]}`
  }

  const change = (mutate: () => void) => {
    const before = causes.size > 0
    mutate()
    if (before !== causes.size > 0) onChange(text())
  }

  const watch: TroubleWatch = {
    text,
    async attempt(kind, operation) {
      try {
        const result = await operation()
        change(() => causes.delete(kind))
        return result
      } catch (error) {
        change(() => causes.set(kind, error instanceof Error ? error.message : String(error)))
        throw error
      }
    }
  }
  return watch
}
