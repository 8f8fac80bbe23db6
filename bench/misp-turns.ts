/** While MISP events are built, for how long is nobody answered? The CPU of the thread in one turn of the event loop. */
import { parseArgs } from 'node:util'
import { historyDays, startBuilder } from './support/misp-builder.ts'
import { percentile, publish, type Row, round } from './support/report.ts'

const { values } = parseArgs({
  options: {
    indicators: { type: 'string', default: '200000' },
    /** Bits of the shard; may be repeated. */
    bits: { type: 'string', multiple: true, default: ['4', '0'] }
  }
})
const indicators = Number(values.indicators)
const slowMs = 10

/** Measures turns until it is stopped: ms of CPU of this thread, those that do nothing aside. */
function measureTurns(): () => number[] {
  const turns: number[] = []
  let isOn = true
  let before = process.threadCpuUsage()
  const turn = () => {
    const { user, system } = process.threadCpuUsage(before)
    before = process.threadCpuUsage()
    turns.push((user + system) / 1000)
    if (isOn) setImmediate(turn)
  }
  setImmediate(turn)
  return () => {
    isOn = false
    return turns.filter(ms => ms >= 0.1)
  }
}

async function measure(shardBits: number, isThreaded: boolean): Promise<Row> {
  const builder = startBuilder({ indicators, shardBits, restampMs: 0, isThreaded })
  const { user, system } = process.cpuUsage()
  const before = process.threadCpuUsage()
  const stop = measureTurns()
  await builder.round(0)
  const turns = stop()
  const used = process.cpuUsage({ user, system })
  const here = process.threadCpuUsage(before)
  await builder.close()
  const busy = turns.reduce((sum, ms) => sum + ms, 0)
  const idle = (here.user + here.system) / 1000 - busy
  return {
    'events are made': isThreaded ? 'by a thread' : 'here',
    'events a day': 2 ** shardBits,
    'indicators a day': round(indicators / historyDays),
    turns: turns.length,
    'p50 ms': round(percentile(turns, 0.5), 1),
    'p99 ms': round(percentile(turns, 0.99), 1),
    'max ms': round(Math.max(...turns), 1),
    [`turns above ${slowMs} ms`]: turns.filter(ms => ms > slowMs).length,
    'their share of the CPU, %': round(
      (100 * turns.filter(ms => ms > slowMs).reduce((sum, ms) => sum + ms, 0)) /
        turns.reduce((sum, ms) => sum + ms, 0),
      1
    ),
    'build, CPU µs an indicator': round((used.user + used.system - idle * 1000) / indicators),
    'of it on this thread': round((busy * 1000) / indicators)
  }
}

const rows: Row[] = []
for (const bits of values.bits.map(Number))
  for (const isThreaded of [false, true]) rows.push(await measure(bits, isThreaded))

publish({
  question: `The first build of ${indicators.toLocaleString('en')} indicators over ${historyDays} days, in one process with its SQLite store: for how long does it keep the thread that answers requests?`,
  tables: { 'Turns of the event loop': rows },
  notes: [
    'CPU of the thread (`process.threadCpuUsage`), so that other programs on the machine count for nothing; collections of garbage on the thread are in it. Turns of less than 0.1 ms, in which the loop has nothing to do, are left out.',
    'Without feed log and clients, at the memory settings of `npm start`.'
  ],
  arguments: process.argv.slice(2)
})
