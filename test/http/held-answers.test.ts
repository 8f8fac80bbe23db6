import t from 'tap'
import { Answers } from '../../src/http/answers.ts'
import { buildGateway, type Gateway } from '../support/app.ts'
import { defaultFeed } from '../support/gateway.ts'
import { native, pagePath } from '../support/native-world.ts'

const without = (told: Record<string, unknown>, ...names: string[]) =>
  Object.fromEntries(Object.entries(told).filter(([name]) => !names.includes(name)))

/** Counts of answers and of their durations. */
async function counts({ meter }: Gateway): Promise<Map<string, number>> {
  const lines = (await meter.text()).split('\n')
  const counted = lines.filter(line =>
    /_(?:http_requests_total|request_(?:read|send)_duration_seconds_count)\{/.test(line)
  )
  return new Map(counted.map(line => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line))]))
}

/** An answer with all that it leaves behind, without times and ids. */
async function ask(gateway: Gateway, path: string, headers: Record<string, string>) {
  const before = await counts(gateway)
  const { statusCode, headers: given, body } = await gateway.send({ url: path, headers })
  const line = gateway.lines.findLast(({ msg }) => msg === 'request')!
  const grown = [...(await counts(gateway))].map(([name, count]) => [
    name,
    count - (before.get(name) ?? 0)
  ])
  return {
    status: statusCode,
    headers: without(given, 'date'),
    body,
    line: without(line, 'time', 'ms', 'requestId'),
    counts: grown.filter(([, by]) => by !== 0)
  }
}

t.test('an answer that is held is told, counted and sent as if it had been made again', async t => {
  const gateway = await buildGateway(t, { simulator: { objects: 20 } })
  const { simulator } = gateway
  const [id] = simulator.add({ type: 'indicator', name: 'bad.example' })
  const held = t.capture(Answers.prototype, 'held', Answers.prototype.held)
  const objects = `/sekoia/collections/${defaultFeed}/objects/`
  for (const [path, headers] of [
    [`${objects}?limit=5`, { accept: 'application/taxii+json;version=2.1' }],
    [pagePath('limit=5'), {}],
    [`${native}/objects/${id}/context`, { 'user-agent': 'script/1.0' }],
    [`${native}/indicators/context?value=bad.example&type=domain-name`, {}]
  ] as const) {
    const asked = async () => {
      const answer = await ask(gateway, path, headers)
      const [looked] = held()
      return { answer, isHeld: looked !== undefined && 'returned' in looked && !!looked.returned }
    }
    let [made, again] = [await asked(), await asked()]
    // The first may have come from Sekoia.
    if (!again.isHeld) [made, again] = [again, await asked()]
    t.notOk(made.isHeld, path)
    t.ok(again.isHeld, path)
    t.equal(made.answer.status, 200, path)
    t.equal(made.answer.headers['x-cache'], 'hit', path)
    t.match(made.answer.line, { status: 200, bytes: made.answer.body.length, scope: String }, path)
    t.ok(made.answer.counts.length >= 3, path)
    t.strictSame(again.answer, made.answer, path)
  }
})
