import { walkSekoia, walkTaxii, readCounter } from './support/clients.ts'
import { cpuMs, startGateway, startUpstream, temporaryDir, memoryOf } from './support/processes.ts'
const delayMs = Number(process.argv[2] ?? 0)
const objects = 200_000
const upstream = await startUpstream({ objects, delayMs })
const d = await walkSekoia(upstream.url, { limit: 2000, parse: false })
console.log('direct first', d.ms)
const d2 = await walkSekoia(upstream.url, { limit: 2000, parse: false })
console.log('direct', d2.ms)
const gateway = await startGateway({ upstream, dataDir: temporaryDir() })
for (const name of ['cold', 'warm', 'warm2']) {
  const c = cpuMs(gateway.pid), u = cpuMs(upstream.pid)
  const times: number[] = []
  let last = performance.now()
  const w = await walkTaxii(gateway.url, { limit: 1000, parse: false, onPage: () => { const n = performance.now(); times.push(Math.round(n - last)); last = n } })
  console.log(name, Math.round(w.ms), 'gw cpu', cpuMs(gateway.pid) - c, 'up cpu', cpuMs(upstream.pid) - u, 'requests', await readCounter(gateway.url, 'upstream_requests'), 'store', await readCounter(gateway.url, 'segments_loaded', 'store'), 'sekoia', await readCounter(gateway.url, 'segments_loaded', 'sekoia'), memoryOf(gateway.pid))
  console.log(times.join(' '))
}
await gateway.stop()
await upstream.stop()
