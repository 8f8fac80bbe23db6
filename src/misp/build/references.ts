import type { Row } from '../events/source-row.ts'
import type { Mapping } from '../mapping/mapping.ts'

/** What rows refer to. */

export const isIndicator = (id: string): boolean => id.startsWith('indicator--')

/** Ids of the things whose names stand on a row. */
export const namesOn = ({ stix, indicates }: Row, mapping: Pick<Mapping, 'refs'>): string[] => [
  ...mapping.refs(stix),
  ...indicates
]
