import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { FeedLogs, type FeedLogsSettings } from '../../src/feedlog/logs.ts'
import { bytesOf } from '../../src/kernel/chunk.ts'
import { type Clock, silentMeter } from '../../src/kernel/ports.ts'
import { newestVersions, type ReadRequest, type ReadResult } from '../../src/kernel/records.ts'
import { type Validity, validWhileAll } from '../../src/kernel/validity.ts'
import { defaultFeed, logSettings, rightsOf, startWorld } from '../support/gateway.ts'
import { callerOf, clientOf } from '../support/sekoia-client.ts'
import { noon, storeWith } from '../support/worlds.ts'

/** What may be given again: as long as a result is valid, reading anew comes to the same. */

const maxAge = 40 * 86_400_000

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), no: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const), no: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), no: fc.nat(50) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      no: fc.constantFrom(1, 900, 5000, 10_001, 301_000)
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), no: fc.nat(1) }) }
)

const plan = fc.record({
  starts: fc.array(fc.nat(maxAge), { minLength: 6, maxLength: 6 }),
  limits: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 6, maxLength: 6 }),
  pageLimit: fc.constantFrom(3, 8, 50),
  steps: fc.array(step, { minLength: 10, maxLength: 60 })
})

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

const caller = callerOf('one')
const key = caller.key.reveal()
const told = (result: ReadResult) => ({
  dates: result.dates,
  more: result.more,
  position: result.position,
  text: Buffer.concat(result.chunks.map(bytesOf)).toString()
})

t.setTimeout(300_000)

t.test('as long as a result is valid, reading anew comes to the same', async t => {
  const seen = { held: 0, given: 0, over: 0 }
  const play = async (history: Plan) => {
    const { simulator, records, close, isValid } = await start({ pageLimit: history.pageLimit })
    const results: { request: ReadRequest; result: ReadResult; validity: Validity }[] = []
    const check = async () => {
      for (const { request, result, validity } of results) {
        if (!validity(simulator.clock.now())) {
          seen.over++
          continue
        }
        seen.given++
        const anew = await records.read(request)
        assert.deepEqual(told(result), told(anew))
        assert.equal(anew.outcome, 'held')
      }
    }
    try {
      for (const { kind, no } of history.steps) {
        if (kind === 'add') simulator.add(no)
        if (kind === 'edit')
          simulator.edit(simulator.visible()[no % simulator.visible().length]!.id)
        if (kind === 'wait') simulator.clock.advance(no)
        if (kind === 'revoke') simulator.putKey(key, { status: no === 0 ? 'revoked' : 'ok' })
        if (kind === 'read') {
          const request = requestOf(history, no)
          const result = await records.read(request).catch(() => undefined)
          const validity = result && isValid(result)
          if (validity) seen.held++
          if (validity) results.push({ request, result, validity })
        }
        await check()
      }
    } finally {
      await close()
    }
  }
  await fc.assert(fc.asyncProperty(plan, play), { seed: 20_261_124, numRuns: 60 })
  t.ok(seen.held > 100 && seen.given > 100 && seen.over > 100, JSON.stringify(seen))
})

t.test('it ends when the log gives up its place: another may be opened in its stead', async t => {
  const { simulator, records, close, isValid } = await start({ maxOpenLogs: 1 })
  t.teardown(close)
  const request = requestOf({ starts: [], limits: [100] }, 0)
  await records.read(request)
  const validity = isValid(await records.read(request))!
  t.ok(validity(simulator.clock.now()))
  await records.read({ ...request, types: ['indicator'] })
  t.notOk(validity(simulator.clock.now()))
})

function requestOf({ starts, limits }: Pick<Plan, 'starts' | 'limits'>, no: number): ReadRequest {
  const addedAfter = no === 0 ? undefined : no === 1 ? noon - 1 : noon - starts[no]!
  return {
    caller,
    feedId: defaultFeed,
    types: [],
    addedAfter,
    position: undefined,
    filter: newestVersions,
    limit: limits[no]!,
    maxBytes: 16_000_000,
    continues: false
  }
}

async function start(changed: Partial<FeedLogsSettings>) {
  const { simulator, ...world } = await startWorld({
    simulator: { now: noon, objects: 0, bloat: false }
  })
  simulator.putKey(key)
  for (let n = 30; n > 0; n--)
    simulator.add(1, { modified: new Date(noon - n * 86_400_000).toISOString() })
  const clock: Clock = {
    now: () => simulator.clock.now(),
    sleep: async ms => void simulator.clock.advance(ms)
  }
  const store = storeWith()
  const settings = { ...logSettings, rebuildHorizonSeconds: 300, ...changed }
  const teardowns: (() => unknown)[] = []
  const owner = { teardown: (work: () => unknown) => void teardowns.push(work) }
  const client = clientOf(owner as never, simulator.url, { clock, maxAttempts: 1 })
  const rights = rightsOf({ upstream: client, clock, store, meter: silentMeter }, settings)
  const { upstream } = rights
  const logs = new FeedLogs({ upstream, store, clock, meter: silentMeter, settings })
  const close = async () => {
    await logs.close()
    await rights.close()
    for (const teardown of teardowns) await teardown()
    await world.close()
  }
  const isValid = ({ validity }: ReadResult) =>
    validWhileAll([rights.validity(caller, defaultFeed), validity])
  return { simulator, records: rights.guard(logs), close, isValid }
}
