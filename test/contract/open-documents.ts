import type { Test } from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'

/** A new, empty store with room for 64 MiB. */
export type OpenDocuments = (t: Test) => DocumentStore | Promise<DocumentStore>

/** A store at `place`: a new, empty one at first, then the same. */
export type OpenDocumentsAt = (t: Test, place: string) => DocumentStore | Promise<DocumentStore>
