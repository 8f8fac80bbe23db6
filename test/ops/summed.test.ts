import t from 'tap'
import { createMeter } from '../../src/ops/metrics.ts'
import { pastOf, summedText } from '../../src/ops/summed.ts'

/** The metrics of several processes as those of one. */

function counted(times: number, processMetrics = false) {
  const meter = createMeter({ processMetrics })
  for (let i = 0; i < times; i++) {
    meter.count('taxii_objects')
    meter.observe('request_read_duration', { dialect: 'taxii', outcome: 'held' }, 0.003)
  }
  meter.gauge('degraded', () => [{ labels: { part: 'store' }, value: times > 2 ? 1 : 0 }])
  meter.gauge('upstream_success_age_seconds', () => [{ value: times }])
  meter.gauge('upstream_breakers', () => [{ labels: { state: 'closed' }, value: 1 }])
  return meter.snapshot()
}

t.test('counters and histograms are added up; gauges count as their meaning asks', async t => {
  const text = await summedText([await counted(2), await counted(3)])
  t.match(text, /^sekoia_gateway_taxii_objects_total 5$/m)
  t.match(text, /^sekoia_gateway_request_read_duration_seconds_count\{.*\} 5$/m)
  t.match(text, /^sekoia_gateway_request_read_duration_seconds_bucket\{le="0\.005",.*\} 5$/m)
  t.match(text, /^sekoia_gateway_degraded\{part="store"\} 1$/m)
  t.match(text, /^sekoia_gateway_upstream_success_age_seconds 2$/m)
  t.match(text, /^sekoia_gateway_upstream_breakers\{state="closed"\} 2$/m)
})

t.test('of a process that is gone what it counted remains, and no gauge', async t => {
  const past = pastOf([pastOf([await counted(4)]), await counted(3)])
  t.doesNotThrow(() => structuredClone(past), 'it can be passed on')
  const text = await summedText([await counted(2), past])
  t.match(text, /^sekoia_gateway_taxii_objects_total 9$/m)
  t.match(text, /^sekoia_gateway_request_read_duration_seconds_count\{.*\} 9$/m)
  t.match(text, /^sekoia_gateway_degraded\{part="store"\} 0$/m)
})

t.test('the start of the gateway is that of its oldest process', async t => {
  const snapshots = [await counted(0, true), await counted(0, true)]
  t.match(await summedText(snapshots), /^process_start_time_seconds \d/m)
})
