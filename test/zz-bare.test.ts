import t from 'tap'
import { startMispGateway } from './support/misp/gateway-feeds.ts'
import { head, raw } from './support/raw-http.ts'
t.test('x', async t => {
    const uuid = '6f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
    const options = { store: { dataDir: t.testdir() }, simulator: { feeds: [{ id: `feed--${uuid}`, sort_order: 'asc' as const }] } }
    const first = await startMispGateway(t, options)
    console.log((await first.ask(`/misp/${uuid}/manifest.json`)).status, (await first.ask(`/sekoia/collections/${uuid}/objects/`, {headers: {accept: 'application/taxii+json;version=2.1'}})).status)
    await first.gateway.close()
    const again = await startMispGateway(t, options)
    await again.gateway.simulator.refuse()
    for (const p of [`/misp/${uuid}/manifest.json`, `/misp/feed--${uuid}/manifest.json`, `/sekoia/collections/${uuid}/objects/`, `/sekoia/collections/feed--${uuid}/objects/`]) { const a = await again.ask(p, {headers: {accept: 'application/taxii+json;version=2.1'}}); console.log(p, a.status, a.text.slice(0, 100)) }
    // listing fails but the rest works
    const third = await startMispGateway(t, options)
    third.gateway.simulator.faults.rate({ kind: 'status', status: 503, match: '/feeds' })
    for (const p of [`/misp/${uuid}/manifest.json`, `/misp/feed--${uuid}/manifest.json`, `/sekoia/collections/${uuid}/objects/`]) { const a = await third.ask(p, {headers: {accept: 'application/taxii+json;version=2.1'}}); console.log(p, a.status, a.text.slice(0, 100)) }
    const port = Number(new URL(third.origin).port)
    console.log((await raw(port, head('GET /misp/%zz HTTP/1.1'))).slice(0, 400))
})
