import t from 'tap'
import { buildGateway } from '../support/app.ts'

/** Ids and types that STIX does not allow and the field has all the same. */

const objects = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects/'

const odd = [
  { type: 'x_ic_note', id: 'x_ic_note--5ab3a5f4-8a5c-4dc6-9b5e-6c1f0d8c2b11' },
  { type: 'Indicator', id: 'Indicator--6AB3A5F4-8A5C-4DC6-9B5E-6C1F0D8C2B12' },
  { type: 'malware', id: 'malware--7AB3A5F4-8A5C-4DC6-9B5E-6C1F0D8C2B13' }
]

t.test('what is listed with upper case or underscores is found by its id and by match', async t => {
  const { send, simulator } = await buildGateway(t)
  for (const { type, id } of odd) simulator.add({ type, id, name: id })
  simulator.clock.advance(11_000)
  const idsOf = async (url: string) => {
    const { statusCode, body } = await send({ url })
    t.equal(statusCode, 200, url)
    const { objects = [] } = JSON.parse(body) as { objects?: { id: string }[] }
    return objects.map(({ id }) => id)
  }
  const listed = await idsOf(objects)
  for (const { type, id } of odd) {
    t.ok(listed.includes(id), `${id} is listed`)
    t.strictSame(await idsOf(`${objects}${id}/`), [id])
    t.strictSame(await idsOf(`${objects}?match[id]=${id}`), [id])
    t.ok((await idsOf(`${objects}?match[type]=${type}`)).includes(id), `match[type]=${type}`)
    t.equal((await send({ url: `${objects}${id}/versions/` })).statusCode, 200)
  }
})

t.test('the end of a walk over such objects leads on', async t => {
  const { send, simulator } = await buildGateway(t)
  for (const { type, id } of odd) simulator.add({ type, id, name: id })
  simulator.clock.advance(11_000)
  const seen: string[] = []
  for (let next = ''; ; ) {
    const { body } = await send({ url: `${objects}?limit=1${next}` })
    const page = JSON.parse(body)
    for (const { id } of page.objects ?? []) seen.push(id)
    if (!page.more) break
    next = `&next=${page.next}`
  }
  t.equal(seen.length, 63)
  t.equal(new Set(seen).size, 63)
})
