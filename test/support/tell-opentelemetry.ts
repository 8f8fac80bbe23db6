import { registerHooks } from 'node:module'

/**
 * Preloaded, it tells on standard output when something of OpenTelemetry is loaded, but for its bare interface, which
 * the library of metrics loads by itself.
 */
registerHooks({
  load(url, context, nextLoad) {
    if (/node_modules\/(?:@opentelemetry\/(?!api\/)|@fastify\/otel\/)/.test(url))
      console.log(`loaded: ${url}`)
    return nextLoad(url, context)
  }
})
