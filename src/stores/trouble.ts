/**
 * The state of a store for `/readyz`: failing after a failed operation, working again after one of the same kind
 * succeeds. Reads and writes count separately, because a full disk can still be read.
 */
export interface StoreTroubleWatch {
  /** Runs one operation of a store; rejects with what it threw. */
  attempt<T>(kind: Activity, operation: () => T | Promise<T>): Promise<T>
  failed(kind: Activity, error: unknown): void
  worked(kind: Activity): void
  /** A short text while the store fails, else undefined. */
  text(): string | undefined
}

export type Activity = 'connecting' | 'reading' | 'writing' | 'leasing'

export interface TroubleOptions {
  /** A success within this time after a failure does not end it; for a store of which a part may be down. Default 0. */
  readonly calmMs?: number
  readonly now?: () => number
}

/** `onChange` gets a text when the store begins to fail and undefined when it works again. */
export function watchTrouble(
  onChange: (trouble: string | undefined) => void = () => {},
  { calmMs = 0, now = () => performance.now() }: TroubleOptions = {}
): StoreTroubleWatch {
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
