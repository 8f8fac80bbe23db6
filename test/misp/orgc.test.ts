import assert from 'node:assert/strict'
import t from 'tap'
import { type EventBody, orgc } from '../../src/misp/events/wire.ts'
import { createMapping } from '../../src/misp/mapping/mapping.ts'
import {
  addIndicator,
  addObject,
  addReport,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare
} from '../support/misp-scenes.ts'
import type { Served } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Whose events they are: Sekoia's, or with `misp.orgcFromSource` those of reports their source's (MISP-3.2). */

const mapping = createMapping({ defaultTlp: 'amber', galaxies: undefined, orgcFromSource: true })

const identityOf = (world: MispWorld, name: string): string =>
  addObject(world, 'identity', { name, identity_class: 'organization', x_ic_is_source: true })

const orgOf = (identity: string, name: string) => ({ name, uuid: identity.slice(10) })

/** Of the event of a report by its name, in event and manifest alike. */
function orgcOf({ events, manifest }: Served, report: string): EventBody['Orgc'] {
  const event = events.find(({ info }) => info.startsWith(report))!
  assert.deepEqual(manifest[event.uuid]?.Orgc, event.Orgc)
  return event.Orgc
}

t.test('without the option every event comes from Sekoia', async t => {
  const world = await mispWorld(t)
  const source = identityOf(world, 'ACME')
  addReport(world, [], { x_inthreat_sources_refs: [source] })
  t.strictSame(orgcOf(await publish(world), 'A report'), orgc)
})

t.test('the event of a report comes from the one source of the report', async t => {
  const world = await mispWorld(t, { mapping })
  const misp = mispOf(world)
  const [acme, other] = ['ACME', 'Other'].map(name => identityOf(world, name)) as [string, string]
  const member = (...ids: string[]) => ({ x_inthreat_sources_refs: ids })
  const a = addIndicator(world, 'a', member(acme))
  const one = addReport(world, [a], { name: 'One', ...member(acme) })
  addReport(world, [a], { name: 'Two', ...member(acme, other) })
  addReport(world, [a], { name: 'None' })
  addReport(world, [a], {
    name: 'Odd',
    ...member('identity--0192b7a0-0000-7000-8000-000000000001')
  })
  const served = await publish(world)
  t.strictSame(orgcOf(served, 'One'), orgOf(acme, 'ACME'))
  for (const name of ['Two', 'None', 'Odd']) t.strictSame(orgcOf(served, name), orgc, name)
  t.strictSame(orgcOf(served, 'Synthetic feed'), orgc, 'indicators of many sources')
  t.strictSame(await pullAndCompare(world, misp), [])

  world.simulator.edit(one, member(other))
  world.simulator.edit(acme, { name: 'Acme Ltd' })
  t.strictSame(orgcOf(await publish(world), 'One'), orgOf(acme, 'ACME'), 'it stays as it was first')
  t.strictSame(await pullAndCompare(world, misp), [])
})
