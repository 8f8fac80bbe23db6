import type { Work } from '../../kernel/give-way.ts'
import type { StixObject } from '../../stix/object.ts'
import type { MappedIndicator, MappedReport, MappedText, Mapping } from '../mapping/mapping.ts'
import type { Bucket } from './bucket.ts'
import type { Gone, Row } from './source-row.ts'

/** A bucket as the present mapping makes it: its events are made of this. */
export interface DerivedBucket {
  readonly name: string
  /** In a fixed order. */
  readonly rows: readonly DerivedRow[]
  /** Of a report: itself, and the texts about it. */
  readonly report?: DerivedReport | undefined
  readonly notes: readonly MappedText[]
}

export interface DerivedRow extends MappedIndicator {
  readonly gone?: Gone | undefined
}

export interface DerivedReport extends MappedReport {
  readonly gone?: Gone | undefined
}

/**
 * Yields between any two rows, and within long ones.
 *
 * @param find as {@link Mapping} wants it
 */
export function* derive(
  { name, rows, report, notes }: Bucket,
  mapping: Mapping,
  find: (id: string) => StixObject | undefined
): Work<DerivedBucket> {
  const derived: DerivedRow[] = []
  for (const row of [...rows.values()].sort((a, b) => (a.stix.id < b.stix.id ? -1 : 1))) {
    derived.push(withLife(yield* mapping.indicator(row.stix, find, row.indicates), row))
    yield
  }
  return {
    name,
    rows: derived,
    report: report && withLife(mapping.report(report.stix, find), report),
    notes: [...notes.values()].map(({ stix }) => mapping.note(stix))
  }
}

/**
 * An object found again counts as modified at that time: MISP may hold a later deletion that the gateway has
 * forgotten.
 */
const withLife = <T extends MappedIndicator>(
  mapped: T,
  { gone, returnedAt = 0 }: Row
): T & Pick<DerivedRow, 'gone'> =>
  gone || returnedAt > mapped.modified
    ? { ...mapped, modified: Math.max(mapped.modified, returnedAt), gone }
    : mapped
