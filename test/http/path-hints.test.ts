import t from 'tap'
import { buildGateway } from '../support/app.ts'

const id = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

t.test('a path that does not exist is 404 with the addresses that may be meant', async t => {
  const { send } = await buildGateway(t)
  const headers = { host: 'cti.example.com' }
  for (const url of [
    '/',
    '/taxii/',
    '/taxii2/collections/',
    `/taxii2/collections/${id}/objects/`,
    `/sekoia/collection/${id}/objects/`,
    `/sekoia/collections/${id}/object/`,
    `/v21/sekoia/collections/${id}/objects/`,
    '/api/v3/inthreat/'
  ]) {
    const { statusCode, body } = await send({ url, headers })
    t.equal(statusCode, 404, url)
    const { description } = JSON.parse(body)
    t.match(description, 'http://cti.example.com/taxii2/')
    t.match(description, 'http://cti.example.com/sekoia/')
    const named = url.includes(id) ? id : '{collection id}'
    t.match(description, `http://cti.example.com/sekoia/collections/${named}/objects/`)
  }
})

t.test('below /misp/ the addresses of MISP feeds are named', async t => {
  const { send } = await buildGateway(t)
  const { statusCode, body } = await send({ url: `/misp/${id}/a/b`, headers: { host: 'h' } })
  t.equal(statusCode, 404)
  t.match(body, `http://h/misp/, the events of one are below http://h/misp/${id}/`)
})

t.test('of the path nothing but an id is repeated', async t => {
  const { send } = await buildGateway(t)
  const { body } = await send({ url: '/sekoia/sio_very-secret-key/?key=sio_very-secret-key' })
  t.notMatch(body, 'secret')
})
