/**
 * What a store says about itself for `/readyz`: in trouble since the last failed attempt, well again once one of
 * the same kind succeeds. Reads and writes are told apart because a full disk still reads.
 */
export interface TroubleWatch {
  /** Runs one operation of a store; rejects with what it threw. */
  attempt<T>(kind: Activity, operation: () => T | Promise<T>): Promise<T>
  failed(kind: Activity, error: unknown): void
  worked(kind: Activity): void
  /** A short text, or undefined when all is well. */
  text(): string | undefined
}

export type Activity = 'connecting' | 'reading' | 'writing' | 'leasing'

export interface TroubleOptions {
  /** A success this soon after a failure ends no trouble; for a store of which a part may be down. Default 0. */
  readonly calmMs?: number
  readonly now?: () => number
}

/** `onChange` gets the text when trouble begins and undefined when it has ended: once for each change. */
export function watchTrouble(
  onChange: (trouble: string | undefined) => void = () => {},
  { calmMs = 0, now = Date.now }: TroubleOptions = {}
): TroubleWatch {
  const causes = new Map<Activity, { message: string; at: number }>()

  const text = () => {
    const [first] = causes
    return first && `${first[0]} failed: ${first[1].message}`
  }

  const change = (mutate: () => void) => {
    const before = causes.size > 0
    mutate()
    if (before !== causes.size > 0) onChange(text())
  }

  const failed = (kind: Activity, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    change(() => causes.set(kind, { message, at: now() }))
  }

  const worked = (kind: Activity) => {
    const cause = causes.get(kind)
    if (cause && now() - cause.at >= calmMs) change(() => causes.delete(kind))
  }

  return {
    text,
    failed,
    worked,
    async attempt(kind, operation) {
      try {
        const result = await operation()
        worked(kind)
        return result
      } catch (error) {
        failed(kind, error)
        throw error
      }
    }
  }
}
