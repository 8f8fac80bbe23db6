import { textOf } from '../../../stix/object.ts'
import { toLine } from '../values/text.ts'
import type { Resolve } from './tags.ts'

/** Who made an event, for its `Orgc` (MISP-1.2). */
export interface Organisation {
  readonly name: string
  readonly uuid: string
}

/** MISP refuses uuids of other versions, and an organisation without a name. */
const identity =
  /^identity--([0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12})$/

const maxName = 255

/**
 * The organisation that is the only source of an object; undefined where there are several or none, and while its name
 * is not known.
 *
 * @param sources ids of identities
 */
export function organisationOf(
  sources: readonly string[],
  find: Resolve
): Organisation | undefined {
  const [source, more] = sources
  const uuid = more === undefined ? identity.exec(source ?? '')?.[1] : undefined
  const name = uuid && nameIn(find(source!)).slice(0, maxName)
  return uuid && name ? { name, uuid } : undefined
}

const nameIn = (object: ReturnType<Resolve>): string =>
  object ? toLine(textOf(object, 'name')) : ''
