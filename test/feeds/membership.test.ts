import t from 'tap'
import { mayBelong } from '../../src/feeds/membership.ts'
import type { Feed } from '../../src/kernel/ports.ts'
import { feedOf, uuid } from '../support/feeds.ts'

const white = 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'
const amber = 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82'
const indicator = {
  type: 'indicator',
  object_marking_refs: [white, 'marking-definition--bf973641-9d22-45d7-a307-ccdc68e120b9'],
  x_inthreat_sources_refs: ['identity--a', 'identity--b'],
  x_ic_observable_types: ['url'],
  labels: ['one', 'two']
}

const belongs = (filters: Partial<Feed>, object: object = indicator) =>
  mayBelong(feedOf(uuid(1), filters), object)

t.test('a feed without filters excludes nothing', async t => {
  t.ok(belongs({}))
  t.ok(belongs({}, { type: 'x-custom' }))
})

t.test('each filter excludes what it surely does not hold, OR inside it', async t => {
  t.ok(belongs({ types: ['malware', 'indicator'] }))
  t.notOk(belongs({ types: ['malware'] }))
  t.ok(belongs({ tlps: [amber, white] }))
  t.notOk(belongs({ tlps: [amber] }))
  t.ok(belongs({ sources: ['identity--b'] }))
  t.notOk(belongs({ sources: ['identity--c'] }))
  t.ok(belongs({ observableTypes: ['url', 'file'] }))
  t.notOk(belongs({ observableTypes: ['file'] }))
  t.ok(belongs({ labels: ['two'] }))
  t.notOk(belongs({ labels: ['three'] }))
})

t.test('filters are combined with AND', async t => {
  t.ok(belongs({ types: ['indicator'], labels: ['one'] }))
  t.notOk(belongs({ types: ['indicator'], labels: ['three'] }))
})

t.test('an object that says nothing on a filter is not excluded by it', async t => {
  const filters = { tlps: [amber], sources: ['x'], labels: ['y'], observableTypes: ['url'] }
  t.ok(belongs(filters, { type: 'indicator', object_marking_refs: ['marking-definition--x'] }))
  t.ok(belongs(filters, { type: 'indicator', labels: null, x_inthreat_sources_refs: 'odd' }))
})

t.test('observable types concern indicators only', async t => {
  t.ok(belongs({ observableTypes: ['file'] }, { type: 'malware', x_ic_observable_types: ['url'] }))
})

t.test('ids are compared by their UUID, with or without type', async t => {
  t.ok(belongs({ tlps: ['613F2E26-407d-48c7-9eca-b8e91df99dc9'] }))
  t.ok(belongs({ sources: ['a'] }))
})
