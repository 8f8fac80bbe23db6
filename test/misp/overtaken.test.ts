import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { OvertakenError } from '../../src/kernel/errors.ts'
import type { LogStore } from '../../src/kernel/ports.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { addIndicator, mispWorld, publish, url } from '../support/misp-scenes.ts'
import { livesOf } from '../support/misp-served.ts'

/** Other gateways that write to the feed log at every moment: nobody's failure, and least of all Sekoia's. */

/** Once contested, the journal is lost and begun anew by another gateway before each of our commits. */
function shared() {
  const memory = createMemoryStore({ bodyMaxBytes: 1024 * 1024 })
  const contest = { isOn: false, times: 5 }
  const store: LogStore = {
    ...memory,
    isShared: true,
    async commit(log, change) {
      if (!contest.isOn) return memory.commit(log, change)
      await memory.drop(log)
      const state = Journal.create(0, 1000).encodeState()
      contest.times++
      for (let expectedVersion = 0; expectedVersion < contest.times; expectedVersion++)
        await memory.commit(log, { expectedVersion, state, heads: [], bodies: [] })
      return false
    }
  }
  return { store, contest }
}

t.test('a round that is overtaken each time it reads is no failure, and goes on later', async t => {
  const { store, contest } = shared()
  const world = await mispWorld(t, { store })
  addIndicator(world, 'a')
  await publish(world)
  addIndicator(world, 'b')
  world.simulator.clock.advance(11_000)
  contest.isOn = true
  t.equal(await world.round(), false)
  contest.isOn = false
  t.strictSame(livesOf(await publish(world), url('b')), { 'tlp:green': 'live' })
})

t.test('to a client it is a moment of the gateway, not trouble of Sekoia', t => {
  const { status, kind, message, retryAfterSeconds } = new OvertakenError()
  t.strictSame([status, kind, retryAfterSeconds], [503, 'overloaded', 1])
  t.notMatch(message, /Sekoia/)
  t.end()
})
