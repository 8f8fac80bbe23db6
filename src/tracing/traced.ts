import type { AnswerStore } from '../kernel/answer-store.ts'
import type { DocumentStore, LogStore } from '../kernel/ports.ts'
import type { Records } from '../kernel/records.ts'
import type { Tracer } from '../kernel/tracer.ts'

/** Ports whose calls become spans. */

export const tracedRecords = (records: Records, tracer: Tracer): Records => ({
  read: request => tracer.span('log read', {}, () => records.read(request)),
  lookup: request => tracer.span('log lookup', {}, () => records.lookup(request))
})

interface Stores {
  readonly log: LogStore
  readonly documents: DocumentStore
  readonly answers: AnswerStore
}

export const tracedStores = ({ log, documents, answers }: Stores, tracer: Tracer): Stores => ({
  log: traced(log, tracer, 'log', ['load', 'version', 'commit', 'readBody', 'writeBody', 'lease']),
  documents: traced(documents, tracer, 'documents', ['version', 'get', 'commit', 'lease']),
  answers: traced(answers, tracer, 'answers', ['get', 'put', 'forget'])
})

/** The same store, the named methods of which are spans. */
function traced<S extends object, M extends keyof S & string>(
  store: S,
  tracer: Tracer,
  part: string,
  methods: readonly M[]
): S {
  const wrap = (method: M) => {
    const call = store[method] as (...args: unknown[]) => Promise<unknown>
    return (...args: unknown[]) =>
      tracer.span(`store ${method}`, { 'gateway.store': part }, () => call.apply(store, args))
  }
  return { ...store, ...Object.fromEntries(methods.map(method => [method, wrap(method)])) }
}
