import type { AnswerStore } from '../kernel/answer-store.ts'
import type { DocumentStore, LogStore } from '../kernel/ports.ts'

/** The stores of one process. Each part is closed separately, also where both use one connection. */
export interface Stores {
  readonly log: LogStore
  readonly documents: DocumentStore
  readonly answers: AnswerStore
}
