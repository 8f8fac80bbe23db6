/** Results as Markdown: what was asked, on which machine, by which command, and the figures. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { basename } from 'node:path'

export type Row = Readonly<Record<string, string | number>>

export interface Report {
  readonly question: string
  /** Tables by their titles; the keys of the first row are the columns. */
  readonly tables: Readonly<Record<string, readonly Row[]>>
  /** What a reader has to know to judge the figures. */
  readonly notes: readonly string[]
  /** Of the command line. */
  readonly arguments?: readonly string[]
  /** Of the file, in place of the name of the bench. */
  readonly name?: string
}

const git = (...args: string[]) =>
  execFileSync('git', ['--no-optional-locks', ...args], { encoding: 'utf8' }).trim()

const load = loadavg()[0]!

const flags = process.env['BENCH_NODE_OPTIONS']
const environment = flags === undefined ? '' : `BENCH_NODE_OPTIONS="${flags}" `

/** Prints the report and writes it to `bench/results/<name of the bench>.md`. */
export function publish(report: Report): void {
  const { question, tables, notes, arguments: given = [] } = report
  const bench = basename(process.argv[1]!, '.ts')
  const { name = bench } = report
  const text = [
    `# ${name}`,
    question,
    table([machine()]),
    `Command: \`${environment}npm exec -- node ${[`bench/${bench}.ts`, ...given].join(' ')}\``,
    ...Object.entries(tables).flatMap(([title, rows]) => [`## ${title}`, table(rows)]),
    notes.map(note => `- ${note}`).join('\n')
  ].join('\n\n')
  mkdirSync(new URL('../results', import.meta.url), { recursive: true })
  writeFileSync(new URL(`../results/${name}.md`, import.meta.url), `${text}\n`)
  console.log(text)
}

function machine(): Row {
  const changed = git('status', '--porcelain', '--', 'src') === '' ? '' : ' and changes in src'
  return {
    CPU: cpus()[0]!.model.trim(),
    cores: cpus().length,
    'memory GiB': Math.round(totalmem() / 2 ** 30),
    Node: process.version,
    date: new Date().toISOString().slice(0, 16),
    commit: git('rev-parse', '--short', 'HEAD') + changed,
    'load at start': load.toFixed(1)
  }
}

function table(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map(row => line(columns.map(column => row[column] ?? '')))
  ].join('\n')
}

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits))

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value below which that part (0 to 1) of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
