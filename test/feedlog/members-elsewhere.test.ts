import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import type { FeedLogDeps } from '../../src/feedlog/journal/log-deps.ts'
import type { SegmentHead } from '../../src/feedlog/journal/segment-head.ts'
import { Fetcher } from '../../src/feedlog/sync/fetcher.ts'
import { ApiKey, type ScopeId } from '../../src/kernel/caller.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { indicatorId, pageOf } from '../support/bodies.ts'
import { logSettings } from '../support/gateway.ts'
import { noon } from '../support/worlds.ts'

t.test(
  'members of a segment at the tip that stand before its page are asked for by id',
  async t => {
    const [here, moved, before] = [1, 2, 3].map(n => ({
      id: indicatorId(n),
      time: new Date(noon - n * 3_600_000).toISOString()
    }))
    const asked: string[][] = []
    const parts = {
      ...{ settings: logSettings, meter: silentMeter, clock: { now: () => noon } },
      identity: { feedId: 'feed', types: [], all: false },
      upstream: {
        page: async () => pageOf([here!], null),
        async objects(_: unknown, ids: string[]) {
          asked.push(ids)
          return pageOf([before!], null)
        }
      }
    } as unknown as FeedLogDeps
    const journal = Journal.create(noon, 1000)
    journal.addChain(0)
    const head: SegmentHead = {
      ...{ no: 1, stamp: 'x', chain: 0, kind: 'tip', source: { cursor: 'c' }, count: 3 },
      ...{ firstDate: noon, lastDate: noon, minNatural: 0, maxNatural: noon },
      stored: [here!, moved!, before!].map(({ id, time }) => [id, time, noon]),
      ...{ supersedes: [], superseded: [] }
    }
    journal.put(
      head,
      [here!, moved!, before!].map(({ id }) => id)
    )
    journal.put({ ...head, no: 2, stored: [], supersedes: [[1, moved!.id]] }, [])
    const caller = { key: new ApiKey('key'), scope: 'scope' as ScopeId }
    const { entries } = await new Fetcher(journal, parts).fetchMembers(caller, head)
    t.strictSame(asked, [[before!.id]])
    t.strictSame(
      Array.from(entries, ({ id }) => id),
      [here!.id, before!.id]
    )
  }
)
