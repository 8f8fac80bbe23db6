import { LRUCache } from 'lru-cache'
import type { AnswerStore } from '../kernel/answer-store.ts'
import type { Clock } from '../kernel/ports.ts'

export interface MemoryAnswersOptions {
  readonly maxBytes: number
  readonly clock: Pick<Clock, 'now'>
}

interface Held {
  readonly value: Buffer
  readonly until: number
}

/** What an entry costs beside its value. */
const entryBytes = 200

/** Answers in the memory of this process. */
export function createMemoryAnswers({ maxBytes, clock }: MemoryAnswersOptions): AnswerStore {
  const held = new LRUCache<string, Held>({
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: ({ value }) => value.length + entryBytes
  })
  const nameIn = (scope: string, name: string) => `${scope} ${name}`

  return {
    async get(scope, names) {
      return names.map(name => {
        const found = held.get(nameIn(scope, name))
        return found && clock.now() < found.until ? found.value : undefined
      })
    },
    async put(scope, entries, ms) {
      const until = clock.now() + ms
      for (const { name, value } of entries) held.set(nameIn(scope, name), { value, until })
    },
    async forget(scope, names) {
      for (const name of names) held.delete(nameIn(scope, name))
    },
    async forgetAll(scope) {
      for (const name of [...held.keys()]) if (name.startsWith(`${scope} `)) held.delete(name)
    },
    async close() {
      held.clear()
    }
  }
}
