/** What does it cost to stamp the events of a feed anew within a week, and to notice that none is due? */
import { parseArgs } from 'node:util'
import { historyDays, startBuilder } from './support/misp-builder.ts'
import { publish, type Row, round } from './support/report.ts'

const { values } = parseArgs({
  options: {
    /** May be repeated. */
    indicators: { type: 'string', multiple: true, default: ['50000', '100000'] },
    /** Of the half period in which each event comes once. */
    days: { type: 'string', default: '3.5' }
  }
})
const days = Number(values.days)
const dayMs = 86_400_000
const periodDays = 7
const halfDays = periodDays / 2
/** An event is stamped after 3.5 to 7 days. */
const meanDays = 0.75 * periodDays
const roundsPerDay = 24
const idleRounds = 50

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function measure(indicators: number): Promise<Row> {
  const builder = startBuilder({ indicators, shardBits: 4, restampMs: periodDays * dayMs })
  const rounds = async (count: number, stepMs: number) => {
    for (let n = 0; n < count; n++) await builder.round(stepMs)
  }
  const build = await cpuOf(() => builder.round(0))
  const idle = (await cpuOf(() => rounds(idleRounds, 1000))) / idleRounds
  // Nothing is due before the second half of the period, in which each event is due once.
  await builder.round(halfDays * dayMs)
  const used = await cpuOf(() => rounds(Math.round(days * roundsPerDay), dayMs / roundsPerDay))
  await builder.close()
  const all = (used - idle * days * roundsPerDay) * (halfDays / days)
  const perDay = all / meanDays
  return {
    indicators: indicators.toLocaleString('en'),
    'build, CPU s': round(build / 1000, 1),
    'build, CPU µs an indicator': round((build * 1000) / indicators),
    'CPU ms of a round without anything due': round(idle, 1),
    'each event once, CPU s': round(all / 1000, 1),
    'stamping anew, CPU s a day': round(perDay / 1000, 2),
    '% of a core': round(perDay / 864_000, 4)
  }
}

const rows: Row[] = []
for (const count of values.indicators.map(Number)) rows.push(await measure(count))

publish({
  question: `A feed of so many indicators over ${historyDays} days, three quarters URLs and one quarter files with two hashes, whose events are all stamped anew within ${periodDays} days: what does that cost?`,
  tables: {
    [`Measured over ${days} of the ${halfDays} days in which each event comes once`]: rows
  },
  notes: [
    'Builder and SQLite store in one process, without feed log and clients; a clock that is moved on by an hour for each round; 16 shards a day, three levels of TLP. The cost of rounds without anything due is taken off.',
    `An event is due ${halfDays} to ${periodDays} days after it was last stamped, ${meanDays} on average: a day costs what all events cost once, divided by that.`
  ],
  arguments: process.argv.slice(2)
})
