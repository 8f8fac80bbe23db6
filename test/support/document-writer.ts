import { systemClock } from '../../src/kernel/ports.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'

/** Process: adds one to the document `sum` as often as told, beside others that do the same. */

const [dataDir = '', times] = process.argv.slice(2)
const store = openSqliteDocuments({ dataDir, clock: systemClock })

for (let done = 0; done < Number(times); ) {
  const expectedVersion = await store.version('space')
  const [sum] = await store.get('space', 'events', ['sum'])
  const value = Buffer.from(`${Number(sum ?? 0) + 1}`)
  const puts = [{ table: 'events', key: 'sum', value }]
  if (await store.commit('space', { expectedVersion, puts, deletes: [] })) done++
}
await store.close()
