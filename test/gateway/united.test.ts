import t from 'tap'
import type { Consumer } from '../../src/gateway/consumers.ts'
import {
  uniteConditions,
  uniteConsumers,
  uniteKnown,
  uniteLogs,
  type WorkerCondition
} from '../../src/gateway/united.ts'
import { emptySlot } from '../../src/history/slot.ts'
import type { ScopeId } from '../../src/kernel/caller.ts'
import type { LogState } from '../../src/kernel/log-state.ts'

/** What several workers say, as one gateway says it. */

const scope = 'a'.repeat(32) as ScopeId

const consumerOf = (given: Partial<Consumer>): Consumer => ({
  identity: { address: '192.0.2.1', user: 'misp', userAgent: 'MISP' },
  ...{ scope, dialect: 'taxii', feedId: 'feed', firstAt: 100, lastAt: 200, lastStatus: 200 },
  ...{ reached: 50, more: true, repeats: 0, requests: 1, items: 10, bytes: 100 },
  ...{ pauses: [], place: '' },
  ...given
})

t.test(
  'a consumer that reaches two workers is one: the later answer tells where it is',
  async t => {
    const early = consumerOf({ firstAt: 50, lastAt: 200, reached: 60, pauses: [7000] })
    const late = consumerOf({ firstAt: 90, lastAt: 300, reached: 70, more: false, lastStatus: 304 })
    for (const lists of [
      [[early], [late]],
      [[late], [early]]
    ])
      t.match(uniteConsumers(lists), {
        length: 1,
        0: {
          ...{
            firstAt: 50,
            lastAt: 300,
            lastStatus: 304,
            reached: 70,
            more: false,
            pauses: [7000]
          },
          ...{ requests: 2, items: 20, bytes: 200 }
        }
      })
  }
)

t.test('one that asks two workers for the same place in turn is as stuck as at one', async t => {
  const at = (place: string) => consumerOf({ repeats: 2, place })
  t.match(uniteConsumers([[at('x')], [at('x')]]), [{ repeats: 5 }])
  t.match(uniteConsumers([[at('x')], [at('y')]]), [{ repeats: 2 }])
})

t.test('consumers that differ in anything stay apart', async t => {
  const others = [consumerOf({}), consumerOf({ feedId: 'other' }), consumerOf({ scope: undefined })]
  t.equal(uniteConsumers([others, [consumerOf({ dialect: 'misp' })]]).length, 4)
})

const logOf = (given: Partial<LogState>): LogState => ({
  ...{ scope, feedId: 'feed', types: [], all: false, objects: 10, newest: 5 },
  ...{ confirmedAt: undefined, walk: undefined },
  ...given
})

t.test('of a log the state counts that was confirmed last, or else has most objects', async t => {
  const walk = { startedAt: 1, objects: 500, fraction: 0.5 }
  const [behind, walking, done] = [logOf({}), logOf({ walk }), logOf({ confirmedAt: 9 })]
  t.strictSame(uniteLogs([[behind], [walking]]), [walking])
  t.strictSame(uniteLogs([[walking], [behind]]), [walking])
  t.strictSame(uniteLogs([[done], [walking]]), [done])
  t.equal(uniteLogs([[behind, logOf({ types: ['malware'] })], [logOf({ all: true })]]).length, 3)
})

t.test('of a key the listing of the worker that is asked comes first', async t => {
  const own = { scope, feeds: [] }
  const other = { scope: 'b'.repeat(32) as ScopeId, feeds: [] }
  const united = uniteKnown([[own], [{ scope, feeds: [] }, other]])
  t.equal(united.length, 2)
  t.equal(
    united.find(known => known.scope === scope),
    own
  )
})

t.test('trouble of one worker is trouble of the gateway; what they count is added up', async t => {
  const recent = { ...emptySlot(0), counts: { ...emptySlot(0).counts, calls: 3 } }
  const one: WorkerCondition = {
    ...{ version: '1', phase: 'serving', startedAt: 20, breaker: 'closed', clockSkewMs: undefined },
    ...{
      parts: { store: undefined, upstream: undefined },
      succeededAt: 5,
      lastFailureAt: undefined
    },
    ...{ recent, residentBytes: 100, replicas: 2, store: { kind: 'sqlite', isShared: true } }
  }
  const other: WorkerCondition = {
    ...one,
    ...{ startedAt: 10, breaker: 'open', succeededAt: 3, lastFailureAt: 4, clockSkewMs: 7 },
    parts: { store: undefined, upstream: 'Sekoia fails call after call' }
  }
  t.match(uniteConditions([one, other]), {
    ...{ startedAt: 10, breaker: 'open', succeededAt: 5, lastFailureAt: 4, clockSkewMs: 7 },
    ...{ parts: other.parts, recent: { counts: { calls: 6 } }, residentBytes: 200 }
  })
  t.strictSame(uniteConditions([one]), one)
})
