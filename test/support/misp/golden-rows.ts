import { readFileSync } from 'node:fs'
import type { Mapped } from '../../../src/misp/mapping/model.ts'

/** An indicator beside what MISP gets. */
export interface GoldenRow {
  /** What is shown, and which case of it. */
  readonly row: string
  readonly stix: { readonly pattern: string; readonly pattern_type: string }
  /** With null in the place of what is undefined. */
  readonly misp: Omit<Mapped, 'fallback'> & { readonly fallback: string | null }
}

/** A pattern as tools of the field write it, and the rule by which it is read. */
export interface FieldRow extends GoldenRow {
  readonly rule: string
}

/** Types of MISP that no indicator becomes. */
export interface UnusedTypes {
  readonly reason: string
  readonly types: readonly string[]
}

/** A value beside what MISP's import expressions make of it. */
export interface ImportRow {
  readonly value: string
  /** null where MISP refuses it. */
  readonly misp: string | null
}

/** A file of test/misp/golden. */
export const readGolden = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(new URL(`../../misp/golden/${name}.json`, import.meta.url), 'utf8'))
