/** What does a simulated Sekoia of a million objects cost, against one of ten thousand? */
import { key, walkSekoia } from './support/clients.ts'
import { memoryOf, startSimulator } from './support/processes.ts'
import { publish, type Row, round } from './support/report.ts'

const rows: Row[] = []
for (const objects of [10_000, 1_000_000]) rows.push(await measure(objects))

publish({
  question:
    'The simulator with a million objects has to stay under 300 MB and to give its first page within a second.',
  tables: { 'One process each, as `npm run simulator` starts it': rows },
  notes: [
    'The client reads the whole feed with limit 2,000, gzip on the wire.',
    'First page: from the request, and from the spawn of the process, with its start.',
    'Megabytes of 10^6 bytes; peak is VmHWM.'
  ]
})

async function measure(objects: number): Promise<Row> {
  const spawnedAt = performance.now()
  const simulator = await startSimulator(objects, key)
  const startedAt = performance.now()
  let firstAt = 0
  let first = 0
  const onPage = () => {
    if (firstAt > 0) return
    firstAt = performance.now()
    first = memoryOf(simulator.pid).rss
  }
  const { pages, ms } = await walkSekoia(simulator.url, { limit: 2000, parse: false, onPage })
  const { peak } = memoryOf(simulator.pid)
  await simulator.stop()
  return {
    objects,
    pages,
    'first page, ms': round(firstAt - startedAt),
    'the same from the spawn, ms': round(firstAt - spawnedAt),
    'RSS after it, MB': round(first),
    'peak after the walk, MB': round(peak),
    'objects/s': round((objects / ms) * 1000)
  }
}
