import type { Alternative } from '../../../stix/pattern/alternatives.ts'
import { toMillis } from '../../../stix/timestamp.ts'
import type { Bounds } from '../model.ts'

/** The alternatives of a pattern by the time in which they count (START … STOP …). */
export interface BoundAlternatives {
  /** Those that count in the same time, or all the time when there are no bounds. */
  readonly whole: readonly Alternative[]
  readonly bounds: Bounds | undefined
  /** Those with a time of their own beside the others. */
  readonly others: readonly Alternative[]
}

/** Bounds that all alternatives share are those of the pattern; of different ones only what has none is whole. */
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

/** Undefined for none, several, or one that ends before it begins. */
function boundsOf(alternative: Alternative): Bounds | undefined {
  const [one, more] = alternative.qualifiers.filter(({ kind }) => kind === 'start-stop')
  if (one?.kind !== 'start-stop' || more) return undefined
  const [from, until] = [toMillis(one.start), toMillis(one.stop)]
  return from === undefined || until === undefined || until <= from ? undefined : { from, until }
}
