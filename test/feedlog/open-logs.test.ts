import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createScopes } from '../../src/auth/scope.ts'
import { startSimulator } from '../../src/demo/simulator.ts'
import { FeedLogs } from '../../src/feedlog/logs.ts'
import { ApiKey } from '../../src/kernel/caller.ts'
import { silentMeter, systemClock } from '../../src/kernel/ports.ts'
import { newestVersions } from '../../src/kernel/records.ts'
import { createSekoiaClient } from '../../src/sekoia/client.ts'
import { clientSettings, defaultFeed, logSettings } from '../support/gateway.ts'
import { storeWith } from '../support/worlds.ts'

t.test(
  'logs that were read once, with reading ahead, are released from memory (K3, G9)',
  async t => {
    const simulator = await startSimulator({ objects: 300, bloat: false })
    t.teardown(() => simulator.close())
    const told = { ...clientSettings, clock: systemClock, baseUrl: simulator.url }
    const upstream = createSekoiaClient(told)
    const settings = { ...logSettings, maxOpenLogs: 5, pageLimit: 10 }
    const parts = { upstream, store: storeWith(), clock: systemClock, meter: silentMeter, settings }
    const logs = new FeedLogs(parts)
    t.teardown(async () => {
      await logs.close()
      await upstream.close()
    })
    const caller = createScopes(Buffer.alloc(32, 7))(new ApiKey(simulator.key))
    const request = {
      caller,
      feedId: defaultFeed,
      addedAfter: undefined,
      position: undefined,
      filter: newestVersions,
      limit: 5,
      maxBytes: 2 ** 20,
      continues: false
    }
    for (let n = 0; n < 500; n++) {
      const types = ['indicator', `x-type-${n}`]
      await logs.read({ ...request, types }, async () => {})
    }
    for (let turns = 0; logs.held > 5 && turns < 100; turns++) await setTimeout(10)
    t.equal(logs.held, 5)
  }
)
