import t from 'tap'
import { Access, type LostRights } from '../../src/auth/access.ts'
import { ApiKey, type Caller, type ScopeId } from '../../src/kernel/caller.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

/** When Sekoia takes back what it allowed, that is told, once. */

const caller: Caller = { key: new ApiKey('a-key'), scope: '0'.repeat(32) as ScopeId }

function build() {
  const lost: Omit<LostRights, 'scope'>[] = []
  const access = new Access({
    clock: systemClock,
    store: createMemoryStore({ bodyMaxBytes: 1000 }),
    settings: { rightsSeconds: 300, refusedSeconds: 10 },
    onLost: ({ feedId, kind }) => lost.push({ feedId, kind })
  })
  const refuse = (feedId: string, kind: 'unauthorized' | 'forbidden' | 'unavailable') =>
    access.failed(caller, feedId, new GatewayError(kind))
  return { access, lost, refuse }
}

t.test('a key that is refused while it asks for a feed is one loss, of the key', async t => {
  const { access, lost, refuse } = build()
  for (const feedId of ['a', 'b']) access.accepted(caller, feedId)
  for (const feedId of ['a', 'b']) refuse(feedId, 'unauthorized')
  t.strictSame(lost, [{ feedId: undefined, kind: 'unauthorized' }])
})

t.test('a feed that is refused is a loss of that feed; what was never allowed is none', async t => {
  const { access, lost, refuse } = build()
  access.accepted(caller, 'a')
  refuse('a', 'forbidden')
  refuse('a', 'forbidden')
  refuse('b', 'forbidden')
  t.strictSame(lost, [{ feedId: 'a', kind: 'forbidden' }])
})

t.test('a Sekoia that fails takes nothing back', async t => {
  const { access, lost, refuse } = build()
  access.accepted(caller, 'a')
  refuse('a', 'unavailable')
  t.strictSame(lost, [])
})
