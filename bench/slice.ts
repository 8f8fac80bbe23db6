/**
 * What does slicing one upstream page cost? 2,000 synthetic indicators, about 1.7 MB, every one without
 * spec_version and with five-digit fractions. Run: `npm exec -- node bench/slice.ts`
 */
import { slicePage } from '../src/stix/slice.ts'

const count = 2000
const rounds = 200

function indicator(no: number): object {
  const hex = no.toString(16).padStart(12, '0')
  const time = `2024-05-06T07:08:09.${String(10_000 + no)}Z`
  return {
    type: 'indicator',
    id: `indicator--6f8d2f5a-1c3e-4b7a-9d2e-${hex}`,
    created: time,
    modified: time,
    created_by_ref: 'identity--00000000-0000-4000-8000-000000000001',
    revoked: false,
    object_marking_refs: ['marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'],
    name: `http://192.0.2.${no % 256}/path/${hex}`,
    pattern: `[url:value = 'http://192.0.2.${no % 256}/path/${hex}']`,
    pattern_type: 'stix',
    valid_from: '2024-05-06T00:00:00Z',
    valid_until: '2024-11-06T00:00:00Z',
    indicator_types: ['malicious-activity'],
    kill_chain_phases: [
      { kill_chain_name: 'lockheed-martin-cyber-kill-chain', phase_name: 'delivery' },
      { kill_chain_name: 'mitre-attack', phase_name: 'command-and-control' }
    ],
    x_ic_deprecated: false,
    x_ic_observable_types: ['url'],
    x_inthreat_sources_refs: ['identity--00000000-0000-4000-8000-000000000002']
  }
}

const items = Array.from({ length: count }, (_, no) => indicator(no))
const body = Buffer.from(JSON.stringify({ items, next_cursor: 'cursor' }))
const times: number[] = []
for (let round = 0; round < rounds; round++) {
  const start = performance.now()
  slicePage(body, { repair: true })
  times.push(performance.now() - start)
}
times.sort((a, b) => a - b)
const at = (share: number) => times[Math.floor(share * rounds)]!.toFixed(2)
console.log(`${count} objects, ${(body.length / 1e6).toFixed(2)} MB, node ${process.version}`)
console.log(`median ${at(0.5)} ms, p90 ${at(0.9)} ms`)
