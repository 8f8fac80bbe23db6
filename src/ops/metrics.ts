import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import type { Meter } from '../kernel/ports.ts'

/** The counters of this process as Prometheus text. */
export interface TextMeter extends Meter {
  /** Everything counted so far, in the exposition format 0.0.4. */
  text(): Promise<string>
}

export interface MeterOptions {
  /** Also memory, CPU, event loop and garbage collection of the process. Default false. */
  readonly processMetrics?: boolean
}

/** What was counted since the library was last told, which takes many times as long as an addition. */
interface Sum {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  by: number
}

const maxSums = 1000

const prefix = 'sekoia_gateway_'

/** A scope (32 hex digits) or a run as long as a key is no label: labels are words, routes and feed ids (G6). */
const asLabel = (value: string): string =>
  /[0-9a-f]{32}|[\w.+=-]{40}/i.test(value) ? '[hidden]' : value

/**
 * A meter of its own registry. `count('http_requests', …)` shows as `sekoia_gateway_http_requests_total`.
 * The first call of a name decides its labels: later ones that it did not have are left out, since counting
 * must never fail a request.
 */
export function createMeter({ processMetrics = false }: MeterOptions = {}): TextMeter {
  const registry = new Registry()
  const counters = new Map<string, { counter: Counter; labelNames: readonly string[] }>()
  const sums = new Map<string, Sum>()
  if (processMetrics) collectDefaultMetrics({ register: registry, prefix })

  const create = (name: string, labelNames: string[]) => {
    const counter = new Counter({
      name: `${prefix}${name}_total`,
      help: `Count of ${name.replaceAll('_', ' ')}.`,
      labelNames,
      registers: [registry]
    })
    const created = { counter, labelNames }
    counters.set(name, created)
    return created
  }

  const add = ({ name, labels, by }: Sum) => {
    const { counter, labelNames } = counters.get(name) ?? create(name, Object.keys(labels))
    const known = labelNames.filter(label => labels[label] !== undefined)
    counter.inc(Object.fromEntries(known.map(label => [label, asLabel(labels[label]!)])), by)
  }

  const handOver = () => {
    for (const sum of sums.values()) add(sum)
    sums.clear()
  }

  return {
    count(name, labels = {}, by = 1) {
      let key = name
      for (const label in labels) key += `\n${label}=${labels[label]}`
      const sum = sums.get(key)
      if (sum) {
        sum.by += by
        return
      }
      if (sums.size >= maxSums) handOver()
      sums.set(key, { name, labels, by })
    },
    text() {
      handOver()
      return registry.metrics()
    }
  }
}

/** `GET /metrics`. No credential is asked: where that is too open, keep the path from outside at the proxy. */
export const metricsPlugin = fp<{ meter: TextMeter }>(
  async (app, { meter }) => {
    app.get('/metrics', { logLevel: 'warn' }, async (_request, reply) => {
      const text = await meter.text()
      return reply
        .header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
        .header('cache-control', 'no-store')
        .send(text)
    })
  },
  { name: 'metrics', fastify: '5.x' }
)
