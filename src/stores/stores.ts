import type { AnswerStore } from '../kernel/answer-store.ts'
import type { DocumentStore, LogStore } from '../kernel/ports.ts'

/** What one process keeps. Each part is closed by itself, also where both use one connection. */
export interface Stores {
  readonly log: LogStore
  readonly documents: DocumentStore
  readonly answers: AnswerStore
}
