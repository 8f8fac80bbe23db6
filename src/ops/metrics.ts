import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { Meter, Stopwatch } from '../kernel/ports.ts'
import { ByLabels } from './by-labels.ts'
import { Distribution } from './distribution.ts'
import { counters, type GaugeName, gauges, histograms } from './metric-table.ts'
import type { Snapshot } from './summed.ts'

/** Counters, histograms and gauges of this process, as Prometheus text. */
export interface TextMeter extends Meter, Stopwatch {
  /** `read` gives the gauge's samples each time they are asked for; what it throws leaves the gauge out. */
  gauge(name: GaugeName, read: () => readonly Sample[] | Promise<readonly Sample[]>): void
  /** What a metric has now, by its whole name without the prefix; none where there is no such metric. */
  samples(name: string): Promise<readonly NamedSample[]>
  /** Everything so far, in the exposition format 0.0.4. */
  text(): Promise<string>
  /** The same for another process, to be added up with others. */
  snapshot(): Promise<Snapshot>
}

/** One value of a gauge. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** A histogram has several, by the ends of their names: `_bucket`, `_sum`, `_count`. */
export interface NamedSample extends Sample {
  readonly name: string
}

export interface MeterOptions {
  /** Also memory, CPU, event loop and garbage collection of the process. Default false. */
  readonly processMetrics?: boolean
}

const prefix = 'sekoia_gateway_'

/** Hides scopes (32 hex digits) and texts as long as a key: labels are words, routes and feed ids (G6). */
const asLabel = (value: string): string =>
  /[0-9a-f]{32}|[\w.+=-]{40}/i.test(value) ? '[hidden]' : value

/**
 * A meter with its own registry. `count('http_requests', …)` appears as `sekoia_gateway_http_requests_total`. A name
 * that is not in the table of metrics is counted too: its first call then decides its labels, and later ones drop
 * others, because counting must never fail a request.
 */
export function createMeter({ processMetrics = false }: MeterOptions = {}): TextMeter {
  const registry = new Registry()
  if (processMetrics) collectProcessMetrics(registry)
  const { count, handOver } = createCounters(registry)
  return {
    count,
    observe: createHistograms(registry),
    gauge(name, read) {
      createGauge(registry, name, read)
    },
    async samples(name) {
      handOver()
      const { values = [] } = (await registry.getSingleMetric(`${prefix}${name}`)?.get()) ?? {}
      return values.map(({ labels, value, ...named }) => ({
        name: ((named as { metricName?: string }).metricName ?? `${prefix}${name}`).slice(
          prefix.length
        ),
        labels: labels as Record<string, string>,
        value
      }))
    },
    text() {
      handOver()
      return registry.metrics()
    },
    snapshot() {
      handOver()
      return registry.getMetricsAsJSON()
    }
  }
}

/**
 * Adds the metrics of the process under the names that all exporters of Node use, without those that break the
 * conventions: gauges on `_total`.
 */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const kind of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${kind}_total`)
}

/** Counts since the last handover to the library, which takes many times as long as an addition. */
interface Sum {
  readonly labels: Readonly<Record<string, string>>
  by: number
}

interface Counted {
  readonly counter: Counter
  readonly labelNames: readonly string[]
  readonly sums: ByLabels<Sum>
}

/** Sums of one counter that wait at most. */
const maxSums = 1000

function createCounters(registry: Registry) {
  const made = new Map<string, Counted>()

  const create = (name: string, labelNames: readonly string[]): Counted => {
    const help = counters[name]?.help ?? `Count of ${name.replaceAll('_', ' ')}.`
    const options = { name: `${prefix}${name}_total`, help, labelNames: [...labelNames] }
    const counter = new Counter({ ...options, registers: [registry] })
    const sums = new ByLabels<Sum>(labelNames, labels => ({ labels, by: 0 }))
    const created = { counter, labelNames, sums }
    made.set(name, created)
    return created
  }

  for (const [name, { labels = {} }] of Object.entries(counters)) {
    const { counter } = create(name, Object.keys(labels))
    for (const known of combinations(labels)) counter.inc(known, 0)
  }

  const handOver = ({ counter, labelNames, sums }: Counted) => {
    for (const { labels, by } of sums.all) {
      const known = labelNames.filter(label => labels[label] !== undefined)
      counter.inc(Object.fromEntries(known.map(label => [label, asLabel(labels[label]!)])), by)
    }
    sums.clear()
  }

  const count: Meter['count'] = (name, labels = {}, by = 1) => {
    const counted = made.get(name) ?? create(name, Object.keys(labels))
    if (counted.sums.size >= maxSums) handOver(counted)
    counted.sums.at(labels).by += by
  }

  return { count, handOver: () => [...made.values()].forEach(handOver) }
}

/** Every combination of the values known; none when the values of some label are not known. */
function combinations(labels: Readonly<Record<string, readonly string[]>>) {
  let all: Readonly<Record<string, string>>[] = [{}]
  for (const [label, values] of Object.entries(labels))
    all = all.flatMap(known => values.map(value => ({ ...known, [label]: value })))
  return all
}

function createHistograms(registry: Registry): Stopwatch['observe'] {
  const made = new Map(
    Object.entries(histograms).map(([name, note]) => {
      const distribution = new Distribution(`${prefix}${name}_seconds`, note)
      // The types know the library's own metrics alone; a registry asks for no more than `get`.
      registry.registerMetric(distribution as unknown as Metric)
      return [name, distribution]
    })
  )
  return (name, labels, seconds) => made.get(name)?.observe(labels, seconds)
}

type Read = Parameters<TextMeter['gauge']>[1]

function createGauge(registry: Registry, name: GaugeName, read: Read): void {
  const { help, labels, over } = { over: 'max' as const, ...gauges[name] }
  new Gauge({
    name: `${prefix}${name}`,
    help,
    labelNames: [...labels],
    aggregator: over,
    registers: [registry],
    async collect() {
      const samples = await readSafely(read)
      this.reset()
      // The library sets a gauge without labels to 0; no sample is not 0.
      if (labels.length === 0) this.remove()
      for (const sample of samples) this.set(sample.labels ?? {}, sample.value)
    }
  })
}

async function readSafely(read: Read): Promise<readonly Sample[]> {
  try {
    return await read()
  } catch {
    return []
  }
}

export interface MetricsOptions {
  readonly text: () => Promise<string>
  /** Throws for a request that may not see them. Left out: anybody may. */
  readonly admit?: (request: FastifyRequest) => void
}

const plain = { 'text/plain': { schema: Type.String() } }

const openapi: NonNullable<FastifyContextConfig['openapi']> = {
  operationId: 'metrics',
  summary: 'Counters, histograms and gauges',
  tags: ['Health'],
  response: {
    '200': { description: 'The text format of Prometheus', content: plain },
    '401': { description: 'The operator token is asked for', content: plain }
  }
}

/** `GET /metrics`. */
export const metricsPlugin = fp<MetricsOptions>(
  async (app, { text, admit = () => {} }) => {
    app.get('/metrics', { logLevel: 'warn', config: { openapi } }, async (request, reply) => {
      admit(request)
      const metrics = await text()
      return reply
        .header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
        .header('cache-control', 'no-store')
        .send(metrics)
    })
  },
  { name: 'metrics', fastify: '5.x' }
)
