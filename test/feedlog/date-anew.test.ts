import t from 'tap'
import { dateAnew } from '../../src/feedlog/journal/date-anew.ts'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { decodeState, type SettledCursor } from '../../src/feedlog/journal/journal-state.ts'
import { decodeHead, encodeHead } from '../../src/feedlog/journal/segment-head.ts'
import { createProvenClock } from '../../src/kernel/proven-clock.ts'
import { startWorld } from '../support/gateway.ts'
import { headOf } from '../support/heads.ts'
import { read } from '../support/walks.ts'
import { noon } from '../support/worlds.ts'

/** What a journal takes for settled once the clock that decided it was found to be wrong (K1, P-42). */

const minute = 60_000
const wrong = noon + 60 * minute

/** The settled cursors of a journal whose tip has one record, dated by the wrong clock, after it was dated anew. */
async function settledAnew(time: string, settled: readonly SettledCursor[]) {
  const journal = Journal.create(noon - 1000, 10)
  journal.addChain(0)
  journal.endReached(noon - 1000)
  for (const each of settled) journal.settle(each)
  for (let given = 0; given < 7; given++) journal.nextNumber()
  const head = headOf({
    ...{ no: 7, kind: 'tip', source: { cursor: 'before it' } },
    ...{ firstDate: wrong, lastDate: wrong, stored: [['x--1', time, wrong]] }
  })
  const stored = { version: 1, state: journal.encodeState(), heads: [encodeHead(head, ['x--1'])] }
  const entriesOf = async () => undefined
  const terms = { now: noon, since: noon, withheldSince: noon, promisedMs: 0, entriesOf }
  return decodeState(await dateAnew(stored, terms)).settled
}

const early = { cursor: 'early', at: noon - 10 * minute, afterNo: 2 }
const late = { cursor: 'late', at: wrong, afterNo: 5 }

t.test('cursors that a wrong clock dated count as given now', async t => {
  const time = new Date(noon - minute).toISOString()
  const [first, ...others] = await settledAnew(time, [early, late])
  t.same(first, { cursor: null, at: 0, afterNo: 0 }, 'where reading finds everything')
  t.same(others, [
    { ...early, at: noon },
    { ...late, at: noon }
  ])
})

t.test('no cursor behind an object that is ahead of the right clock has settled', async t => {
  const time = new Date(noon + 30 * minute).toISOString()
  const before = { cursor: 'before it', at: noon - minute, afterNo: 4 }
  t.same(await settledAnew(time, [early, before, late]), [{ ...before, at: noon }])
  t.same(
    await settledAnew(time, [early, late]),
    [{ cursor: 'before it', at: noon, afterNo: 6 }],
    'nothing tells what was read before its page but the number of its segment'
  )
})

t.test('history that was withheld when the end was told is dated anew, and no other', async t => {
  const [before, after] = [20, 10].map(minutes => noon - minutes * minute)
  const journal = Journal.create(noon - 60 * minute, 10)
  journal.addChain(0)
  const times = [before!, after!].map(at => new Date(at).toISOString())
  const head = headOf({
    ...{ no: 1, count: 2, firstDate: before! + 1, lastDate: after! + 1 },
    ...{ minNatural: before! + 1, maxNatural: after! + 1 }
  })
  const names = times.map((time, i): [string, string] => [`x--${i}`, time])
  const stored = {
    ...{ version: 1, state: journal.encodeState() },
    heads: [
      encodeHead(
        head,
        names.map(([id]) => id)
      )
    ]
  }
  const { heads } = await dateAnew(stored, {
    ...{ now: noon, since: noon, withheldSince: noon - 15 * minute, promisedMs: 0 },
    entriesOf: async () => names
  })
  const dated = heads.flatMap(({ head }) => decodeHead(head).head.stored)
  t.same(
    dated.map(([id, time]) => [id, time]),
    names.slice(1)
  )
  t.ok(dated.every(([, , date]) => date >= noon))
})

t.test('what an unproven clock took for settled is read again once one is proven', async t => {
  let aheadMs = 60 * minute
  const world = await startWorld({
    simulator: { now: noon, objects: 5, bloat: false, switches: { date: 'none' } },
    logs: { rebuildHorizonSeconds: 300 },
    clockOf: (_, { now, sleep }) => ({
      ...createProvenClock({ wall: () => now() + aheadMs, monotonic: now }),
      sleep
    })
  })
  t.teardown(() => world.close())
  const { simulator } = world
  simulator.add(1, { modified: new Date(noon + 30 * minute).toISOString() })
  const poll = async (ms: number) => {
    simulator.clock.advance(ms)
    return (await read(world, { limit: 100 })).ids
  }
  for (const ms of [0, 11_000, 400_000, 11_000]) await poll(ms)
  aheadMs = 0
  await world.restart()
  const added = simulator.add(2)
  simulator.clock.advance(3 * 60 * minute)
  simulator.switches.date = 'clock'
  for (const ms of [0, 11_000]) await poll(ms)
  const ids = await poll(11_000)
  t.same(
    added.filter(id => !ids.includes(id)),
    []
  )
})
