/** `/v1/edl-gateway/{type}`: block lists for firewalls, one value a line (SEKOIA-7). */
import type { Reply } from '../delivery.ts'
import { makeDefaultFeed, makeFilter } from '../feeds/feeds.ts'
import { jsonBody } from '../feeds/formats.ts'
import type { World } from '../world.ts'
import type { Ask } from './ask.ts'

const typeOf: Readonly<Record<string, string>> = {
  ipv4: 'ipv4-addr',
  ipv6: 'ipv6-addr',
  'domain-name': 'domain-name'
}

/** Values of indicators that are neither revoked nor expired; an unknown type is 422, as of newer services. */
export function answerEdl(world: World, { params: [name] }: Ask): Reply {
  const type = typeOf[name!]
  if (!type) return unknownType()
  const { state, values, clock } = world
  const narrowing = { observableTypes: [type], includeRevoked: false, skipExpired: true }
  const filter = makeFilter(makeDefaultFeed(clock.now()), narrowing, clock.now())
  const lines = new Set<string>()
  for (const ref of state.walk(undefined)) {
    if (filter?.(state.facts(ref))) for (const value of values.valuesAt(ref)) lines.add(value)
  }
  const bytes = Buffer.from([...lines].map(line => `${line}\n`).join(''))
  return { status: 200, body: { type: 'text/plain; charset=utf-8', bytes, headers: {} } }
}

function unknownType(): Reply {
  const detail = [{ loc: ['path', 'ioc_type'], msg: 'unexpected value', type: 'value_error' }]
  return { status: 422, body: jsonBody(JSON.stringify({ detail })) }
}
