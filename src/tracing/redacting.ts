import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'

/**
 * What may stand in a span (G6). Libraries put in more: paths and queries, which may hold keys and what was looked up,
 * and messages of errors, which may hold Sekoia's text.
 */
const allowed = new Set([
  'error.type',
  'gateway.store',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.scheme'
])

/** Sends spans on without anything else, and tells whether they arrive. */
export class Redacting implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #onTrouble: (isInTrouble: boolean) => void
  #isInTrouble = false

  constructor(exporter: SpanExporter, onTrouble: (isInTrouble: boolean) => void) {
    this.#exporter = exporter
    this.#onTrouble = onTrouble
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#exporter.export(spans.map(redacted), result => {
      const failed = result.code !== 0
      if (failed !== this.#isInTrouble) this.#onTrouble(failed)
      this.#isInTrouble = failed
      done(failed ? { code: result.code } : result)
    })
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}

function redacted(span: ReadableSpan): ReadableSpan {
  const attributes = Object.entries(span.attributes).filter(([name]) => allowed.has(name))
  return Object.create(span, {
    attributes: { value: Object.fromEntries(attributes) },
    events: { value: [] },
    status: { value: { code: span.status.code } }
  })
}
