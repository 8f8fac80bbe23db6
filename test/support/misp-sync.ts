import type { Simulator } from '../../src/demo/simulator.ts'
import { mapIndicator } from '../../src/misp/mapping/pattern/pattern.ts'
import type { MispInstance } from './misp/instance.ts'
import type { Served } from './misp-served.ts'

/** The values that are to be detected now, as `type|value`. */
export function liveUpstream(simulator: Simulator): Set<string> {
  const now = simulator.clock.now()
  const live = new Set<string>()
  for (const { id, type } of simulator.visible()) {
    if (type !== 'indicator') continue
    const object = simulator.get(id)!
    const until = Date.parse(String(object['valid_until'] ?? ''))
    if (object['revoked'] === true || until <= now) continue
    const { attributes, objects } = mapIndicator(object)
    for (const value of [...attributes, ...objects.flatMap(({ values }) => values)])
      if (value.toIds) live.add(`${value.type}|${value.value}`)
  }
  return live
}

/**
 * In what a MISP detects something else than what the feed holds live.
 *
 * @param forgotten what the MISP may still detect, as the gateway lost what it knew of it
 */
export function differences(
  simulator: Simulator,
  misp: MispInstance,
  forgotten: ReadonlySet<string> = new Set()
): string[] {
  const upstream = liveUpstream(simulator)
  const local = new Set(misp.liveToIds().keys())
  const missing = [...upstream].filter(key => !local.has(key))
  const stale = [...local].filter(key => !upstream.has(key) && !forgotten.has(key))
  return [
    ...missing.map(key => `MISP lacks ${key}`),
    ...stale.map(key => `MISP still detects ${key}`)
  ]
}

/** In what a MISP that pulled it holds something else than what is served, value by value and text by text. */
export function unlike({ events }: Served, { database }: MispInstance): string[] {
  const attributes = events.flatMap(event => [
    ...event.Attribute,
    ...event.Object.flatMap(object => object.Attribute)
  ])
  return [
    ...attributes.flatMap(({ uuid, deleted, to_ids: toIds, comment }) => {
      const local = database.attributes.get(uuid)
      if (local?.deleted !== deleted) return [`MISP has ${uuid} deleted: ${local?.deleted}`]
      const isSame = deleted || (local.toIds === toIds && local.comment === comment)
      return isSame ? [] : [`MISP has another ${uuid}`]
    }),
    ...events
      .flatMap(({ EventReport }) => EventReport)
      .filter(({ uuid, deleted, content }) => {
        const local = database.reports.get(uuid)
        return local?.deleted !== deleted || (!deleted && local.content !== content)
      })
      .map(({ uuid }) => `MISP has another report ${uuid}`)
  ]
}
