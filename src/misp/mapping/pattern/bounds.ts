import type { Alternative } from '../../../stix/pattern/alternatives.ts'
import { toMillis } from '../../../stix/timestamp.ts'
import type { Bounds } from '../model.ts'

/** The alternatives of a pattern, divided by their bounds (START … STOP …). */
export interface BoundAlternatives {
  /** All alternatives if they share one pair of bounds, else those without bounds. */
  readonly whole: readonly Alternative[]
  readonly bounds: Bounds | undefined
  /** Alternatives with bounds that others do not have. */
  readonly others: readonly Alternative[]
}

/** If all alternatives have the same bounds, these are the bounds of the pattern. */
export function byBounds(alternatives: readonly Alternative[]): BoundAlternatives {
  if (alternatives.every(({ qualifiers }) => qualifiers.length === 0))
    return { whole: alternatives, bounds: undefined, others: [] }
  const groups = Map.groupBy(alternatives, boundsText)
  const bounds = groups.size === 1 && alternatives[0] && boundsOf(alternatives[0])
  if (bounds) return { whole: alternatives, bounds, others: [] }
  const whole = groups.get('[]') ?? []
  return {
    whole,
    bounds: undefined,
    others: alternatives.filter(alternative => boundsText(alternative) !== '[]')
  }
}

const startStops = ({ qualifiers }: Alternative) =>
  qualifiers.filter(({ kind }) => kind === 'start-stop')

const boundsText = (alternative: Alternative): string => JSON.stringify(startStops(alternative))

/** Undefined without bounds, with several, and with bounds that end before they begin. */
function boundsOf(alternative: Alternative): Bounds | undefined {
  const [one, more] = alternative.qualifiers.filter(({ kind }) => kind === 'start-stop')
  if (one?.kind !== 'start-stop' || more) return undefined
  const [from, until] = [toMillis(one.start), toMillis(one.stop)]
  return from === undefined || until === undefined || until <= from ? undefined : { from, until }
}
