import t from 'tap'
import type { World } from '../support/gateway.ts'
import { storeWith, worldOf } from '../support/worlds.ts'

/** Bodies that were repaired under other rules than those in force. */

const specVersions = async (world: World): Promise<(string | undefined)[]> => {
  const { body } = await world.get('objects/?limit=100')
  return body.objects.map(({ spec_version }: { spec_version?: string }) => spec_version)
}

const raw = { client: { repair: false } }

t.test('objects held under other repair rules are read again from Sekoia', async t => {
  const world = await worldOf(t, { store: storeWith(), ...raw })
  t.ok((await specVersions(world)).includes(undefined), 'as Sekoia gives them')
  await world.restart(undefined, { client: { repair: true } })
  t.notOk((await specVersions(world)).includes(undefined), 'repaired')
  world.simulator.calls.length = 0
  await world.restart()
  t.notOk((await specVersions(world)).includes(undefined))
  const again = world.simulator.calls.filter(({ query }) => query['limit'] === '2000')
  t.strictSame(again, [], 'once: what was repaired anew is held')
})

t.test(
  'while Sekoia is away they are served as they are, and repaired when it is back',
  async t => {
    const world = await worldOf(t, { store: storeWith(), ...raw })
    const count = (await specVersions(world)).length
    await world.restart(undefined, { client: { repair: true } })
    world.simulator.faults.rate({ kind: 'status', status: 503 })
    const meanwhile = await specVersions(world)
    t.equal(meanwhile.length, count)
    t.ok(meanwhile.includes(undefined))
    world.simulator.faults.clear()
    world.simulator.clock.advance(11_000)
    t.notOk((await specVersions(world)).includes(undefined))
  }
)

t.test('who is refused by Sekoia is not served what is held under other rules (G6)', async t => {
  const world = await worldOf(t, { store: storeWith(), ...raw })
  await specVersions(world)
  await world.restart(undefined, { client: { repair: true } })
  world.simulator.faults.rate({ kind: 'status', status: 403 })
  t.equal((await world.get('objects/')).status, 403)
})
