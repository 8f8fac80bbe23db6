import { isDeepStrictEqual } from 'node:util'
import { commonFields } from './check-event.ts'
import { checkFields, uuid5 } from './check-fields.ts'
import { checkTags, checkTlp, hasEqualTags } from './check-tags.ts'
import type { Json } from './json.ts'

/** One entry of the manifest by itself (MISP-1.2). */
export const checkEntry = (uuid: string, entry: Json): string[] => [
  ...checkFields('manifest', { ...entry, key: uuid }, { ...commonFields, key: uuid5 }),
  ...checkTags('manifest', entry, true),
  ...checkTlp('manifest', entry, [])
]

/** Manifest and event say the same (INV-5). */
export function checkAgreement(uuid: string, entry: Json, event: Json): string[] {
  const differing = Object.keys(commonFields).filter(
    name => !isDeepStrictEqual(entry[name], event[name])
  )
  return [
    ...(event['uuid'] === uuid ? [] : ['the file is of another event']),
    ...differing.map(name => `${name} differs between manifest and event`),
    ...(hasEqualTags(entry, event) ? [] : ['Tag differs between manifest and event'])
  ]
}
