import fc from 'fast-check'
import t from 'tap'
import { type ClockHistory, clockHistories, play } from '../support/histories/clocks.ts'

t.setTimeout(300_000)

const numRuns = 50

t.test(
  'no client of any class misses an object, whatever the clocks of the machines say, once Sekoia tells its time',
  async t => {
    await fc.assert(fc.asyncProperty(clockHistories, play), { seed: 20_260_115, numRuns })
    t.pass(`${numRuns} histories`)
  }
)

const day = 86_400_000

/** Sekoia tells no time before the end. */
const untold: ClockHistory = {
  ...{ seed: 0, objects: 0, gateways: 1, newestFirst: false, pageLimit: 5, cursorMode: 'A' },
  ...{ limits: [1, 1, 1, 1, 1, 1], skewsMs: [0, 0], tellsTime: false, operations: [] }
}

t.test(
  'history that a clock that was ahead took for settled is read again once one is proven',
  async t => {
    await play({
      ...untold,
      skewsMs: [400 * day, 0],
      operations: [
        { kind: 'late', count: 1, hiddenForMs: 299_000 },
        { kind: 'add', count: 6 },
        { kind: 'tick', ms: 1000 },
        { kind: 'step', client: 4, times: 1 }
      ]
    })
    t.pass()
  }
)

t.test('so is the end of a feed, also when the clock was right when it was first read', async t => {
  await play({
    ...untold,
    operations: [
      { kind: 'late', count: 1, hiddenForMs: 299_000 },
      { kind: 'add', count: 1 },
      { kind: 'tick', ms: 11_000 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 11_000 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'clock', gateway: 0, skewMs: 400 * day },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 11_000 },
      { kind: 'step', client: 0, times: 1 }
    ]
  })
  t.pass()
})

t.test(
  'a gateway that holds what a clock that was ahead has promised looks before it tells the end: another may have dated anew',
  async t => {
    await play({
      ...untold,
      ...{ gateways: 2, skewsMs: [0, 3_600_000] },
      operations: [
        { kind: 'late', count: 1, hiddenForMs: 1 },
        { kind: 'step', client: 0, times: 1 },
        { kind: 'clock', gateway: 0, skewMs: 400 * day },
        { kind: 'add', count: 1 },
        { kind: 'restart' },
        { kind: 'step', client: 0, times: 4 },
        { kind: 'tick', ms: 60_000 },
        { kind: 'late', count: 1, hiddenForMs: 1 },
        { kind: 'step', client: 1, times: 1 }
      ]
    })
    t.pass()
  }
)
