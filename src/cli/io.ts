import type { ParseArgsOptionsConfig } from 'node:util'

/** What a command sees of the process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** One line, or several, of the result. */
  readonly out: (text: string) => void
  /** One line for the person who waits: progress, or what is wrong. */
  readonly err: (text: string) => void
}

export type Values = Readonly<Record<string, string | boolean | undefined>>

export interface Given {
  readonly values: Values
  readonly positionals: readonly string[]
}

export interface Command {
  readonly summary: string
  /** Arguments by position, as they stand in the usage: `FEED`. */
  readonly arguments: readonly string[]
  readonly options: ParseArgsOptionsConfig
  /** Each option in a line, and what the exit code means. */
  readonly help: string
  /** Resolves with the exit code. Throws {@link CommandError}, ConfigError. */
  readonly run: (given: Given, io: Io) => Promise<number>
}

/** A command that cannot be done. The message is one line for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

export const textOf = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Columns as wide as their longest cell, the last one as it is. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, n) => Math.max(found[n] ?? 0, cell.length)),
    []
  )
  return rows
    .map(row => row.map((cell, n) => (n === row.length - 1 ? cell : cell.padEnd(widths[n]!))))
    .map(cells => cells.join('  ').trimEnd())
    .join('\n')
}
