import { evictingStore } from './support/evicting-store.ts'
import { defaultFeed, startWorld } from './support/gateway.ts'

const now = Date.UTC(2026, 0, 15, 12)
const store = evictingStore(true)
const world = await startWorld({
  store,
  processes: Number(process.argv[2] ?? 1),
  simulator: {
    now,
    seed: 927086,
    objects: 50,
    order: 'instant',
    from: now - 300_000 - 3600_000,
    bloat: false,
    switches: { cursorMode: 'B', inclusiveCursor: true, nullAtTip: 'empty-page' as any }
  },
  logs: { pageLimit: 5, assumeTies: false }
})
world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
const show = async (q: string) => {
  world.simulator.calls.length = 0
  const a = await world.get(q)
  console.log(q, a.status, a.body.objects?.length, a.body.more, a.status !== 200 ? a.text : '')
  if (process.argv[3])
    console.log(
      world.simulator.calls
        .map(c => c.path.slice(-8) + JSON.stringify((c as any).query ?? ''))
        .join('\n')
    )
}
await show('objects/')
store.evictAll()
await world.restart()
await show('objects/')
await world.close()
