/** What `/metrics` of a gateway says at a moment, and lines through series of it. */
import { request } from 'undici'
import { memoryOf, type Running } from './processes.ts'

export interface Sample {
  /** Since the first sample. */
  readonly minutes: number
  /** Megabytes of 10^6 bytes. */
  readonly rss: number
  readonly heapUsed: number
  readonly heapTotal: number
  readonly external: number
  /** Milliseconds: the 99th percentile and the largest since the last sample. */
  readonly delayP99: number
  readonly delayMax: number
}

export async function sample({ url, pid }: Running, startedAt: number): Promise<Sample> {
  const { body } = await request(`${url}/metrics`)
  const text = await body.text()
  const gauge = (name: string) => Number(new RegExp(`^nodejs_${name} (\\S+)$`, 'm').exec(text)?.[1])
  return {
    minutes: (performance.now() - startedAt) / 60_000,
    rss: memoryOf(pid).rss,
    heapUsed: gauge('heap_size_used_bytes') / 1e6,
    heapTotal: gauge('heap_size_total_bytes') / 1e6,
    external: gauge('external_memory_bytes') / 1e6,
    delayP99: gauge('eventloop_lag_p99_seconds') * 1000,
    delayMax: gauge('eventloop_lag_max_seconds') * 1000
  }
}

/** The slope of the line of least squares through the points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const across = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return across / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}
