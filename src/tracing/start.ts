import { FastifyOtelInstrumentation } from '@fastify/otel'
import { type Context, SpanStatusCode, type TextMapPropagator, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { FastifyPluginCallback } from 'fastify'
import { withDeadline } from '../kernel/deadline.ts'
import { asGatewayError } from '../kernel/errors.ts'
import type { Tracer } from '../kernel/tracer.ts'
import { Redacting } from './redacting.ts'

/**
 * Traces over OTLP. This file alone loads OpenTelemetry, and is itself loaded only where traces are wanted. The
 * exporter, the sampler and the batches go by the variables `OTEL_…` of the specification.
 */
export interface Tracing {
  readonly tracer: Tracer
  /** A span for each request; before any route is registered. */
  readonly plugin: FastifyPluginCallback
  /** Sends what is left. Never rejects. */
  close(): Promise<void>
}

export interface TracingOptions {
  readonly version: string
  /** Told when the collector begins to fail, and when it works again. */
  readonly onTrouble: (isInTrouble: boolean) => void
}

/** Longest wait for a collector at the end, ms. */
const closeMs = 2000

export function startTracing({ version, onTrouble }: TracingOptions): Tracing {
  const name = process.env['OTEL_SERVICE_NAME'] || 'sekoia-feed-gateway'
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(new Redacting(new OTLPTraceExporter(), onTrouble))]
  })
  provider.register({ propagator: new Incoming() })
  const undici = new UndiciInstrumentation()
  undici.setTracerProvider(provider)
  const requests = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false
  })
  requests.setTracerProvider(provider)
  return {
    tracer: createTracer(),
    plugin: requests.plugin() as unknown as FastifyPluginCallback,
    async close() {
      undici.disable()
      await withDeadline(provider.shutdown(), closeMs).catch(() => {})
    }
  }
}

function createTracer(): Tracer {
  const tracer = trace.getTracer('sekoia-feed-gateway')
  return {
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { attributes: { ...attributes } }, async span => {
        try {
          return await work()
        } catch (error) {
          span.setAttribute('error.type', asGatewayError(error).kind)
          span.setStatus({ code: SpanStatusCode.ERROR })
          throw error
        } finally {
          span.end()
        }
      })
  }
}

/** Takes over the trace of a client; Sekoia is told of none. */
class Incoming implements TextMapPropagator {
  readonly #standard = new W3CTraceContextPropagator()

  inject(): void {}

  extract(...args: Parameters<TextMapPropagator['extract']>): Context {
    return this.#standard.extract(...args)
  }

  fields(): string[] {
    return this.#standard.fields()
  }
}
