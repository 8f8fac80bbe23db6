/** Measures parts of the work for a trace. */
export interface Tracer {
  /** Runs the work; its time, and whether it failed, become a span of what is under way. */
  span<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>
}

/** Words of our own and numbers: never a key, a query, or text of Sekoia or a client. */
export type SpanAttributes = Readonly<Record<string, string | number>>
