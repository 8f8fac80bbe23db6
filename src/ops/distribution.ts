import { ByLabels } from './by-labels.ts'
import type { HistogramNote } from './metric-table.ts'

/** Observations with the same labels. */
interface Observed {
  readonly labels: Readonly<Record<string, string>>
  /** One for each bound, by the smallest that is no less than the observation. */
  readonly counts: number[]
  count: number
  sum: number
}

/**
 * A histogram as the library shows it. To observe is an addition or two here: the library makes texts of labels and
 * bounds for each observation, and there are two with every answer.
 */
export class Distribution {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #bounds: readonly number[]
  readonly #observed: ByLabels<Observed>

  /** @param buckets their upper ends, ascending */
  constructor(name: string, { help, labels = {}, buckets }: HistogramNote) {
    this.name = name
    this.help = help
    this.#bounds = buckets
    this.#observed = new ByLabels(Object.keys(labels), found => ({
      labels: found,
      counts: buckets.map(() => 0),
      count: 0,
      sum: 0
    }))
  }

  observe(labels: Readonly<Record<string, string>>, value: number): void {
    const observed = this.#observed.at(labels)
    observed.count++
    observed.sum += value
    for (let i = 0; i < this.#bounds.length; i++)
      if (value <= this.#bounds[i]!) {
        observed.counts[i]!++
        return
      }
  }

  /** In the form in which a registry asks its metrics. */
  async get() {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#observed.all.flatMap(this.#samplesOf) }
  }

  readonly #samplesOf = ({ labels, counts, count, sum }: Observed) => {
    let upTo = 0
    const buckets = this.#bounds.map((le, i) => {
      upTo += counts[i]!
      return this.#sample('bucket', { le, ...labels }, upTo)
    })
    return [
      ...buckets,
      this.#sample('bucket', { le: '+Inf', ...labels }, count),
      this.#sample('sum', labels, sum),
      this.#sample('count', labels, count)
    ]
  }

  #sample(end: string, labels: Readonly<Record<string, string | number>>, value: number) {
    return { metricName: `${this.name}_${end}`, labels: { ...labels }, value }
  }
}
