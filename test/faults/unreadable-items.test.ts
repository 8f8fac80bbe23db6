import t from 'tap'
import { type OddItem, oddItems } from '../../src/demo/corpus/odd.ts'
import { buildGateway, type Gateway } from '../support/app.ts'

/** One item that nobody can read, in a feed that others follow. */

const spoiling: readonly OddItem[] = oddItems.filter(kind => kind !== 'huge')
const collection = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects/'

/** Ids of one walk from the beginning, following `next`. */
async function walk(gateway: Gateway, query = 'limit=50'): Promise<string[]> {
  const ids: string[] = []
  for (let url = `${collection}?${query}`; ; ) {
    const answer = await gateway.send({ url })
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`)
    const { objects = [], more, next } = answer.json()
    ids.push(...objects.map(({ id }: { id: string }) => id))
    if (!more) return ids
    url = `${collection}?limit=50&next=${next}`
  }
}

const idsOf = ({ simulator }: Gateway) => simulator.visible().map(({ id }) => id)
const warnings = ({ lines }: Gateway) =>
  lines.filter(({ msg }) => msg === 'an item that Sekoia sent cannot be read and is left out')

t.test('whatever spoils an item of history, a walk brings all others', async t => {
  const simulator = { objects: 300, bloat: false, odd: spoiling }
  const gateway = await buildGateway(t, { simulator, env: { FEED_LOG_PAGE_LIMIT: '100' } })
  t.same((await walk(gateway)).toSorted(), idsOf(gateway).toSorted())
  t.equal(warnings(gateway).length, spoiling.length)
  t.match(await gateway.meter.text(), /stix_items_unreadable_total\{fault="json"\} \d/)
})

t.test('what spoils an item at the tip stops nothing that comes later', async t => {
  const gateway = await buildGateway(t, { simulator: { objects: 20 } })
  const { simulator } = gateway
  await walk(gateway)
  for (const kind of spoiling) {
    simulator.odd(kind)
    const [id] = simulator.add(1)
    simulator.clock.advance(20_000)
    t.ok((await walk(gateway)).includes(id!), kind)
  }
  const told = warnings(gateway).length
  simulator.clock.advance(20_000)
  await walk(gateway)
  t.equal(warnings(gateway).length, told, 'each is told once')
})

t.test('deep, large and doubled objects are served as they came', async t => {
  const gateway = await buildGateway(t, { simulator: { objects: 0 } })
  const { simulator } = gateway
  simulator.odd('deep')
  simulator.odd('deep', { size: 5000 })
  simulator.odd('huge', { size: 3_000_000 })
  simulator.odd('duplicate-keys')
  t.equal((await walk(gateway)).length, 4)
  t.same(warnings(gateway), [])
})
