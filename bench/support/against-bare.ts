/** What the gateway adds to plain node:http: one answer asked for again and again, of it and of a bare server in turn. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cpuMs, type Running, startBare } from './processes.ts'
import { median, type Row, round } from './report.ts'

export interface Target {
  /** What it is called in the report. */
  readonly answer: string
  readonly path: string
  /** That the client accepts. */
  readonly encoding: string
  /** That the bare server sends. */
  readonly bytes: number
}

export interface Effort {
  readonly connections: number
  /** Of one round. */
  readonly seconds: number
  readonly rounds: number
}

interface Shots {
  readonly perSecond: number
  /** Bytes on the wire, heads included. */
  readonly perAnswer: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU of the server for each answer, all threads. */
  readonly cpu: number
}

/** Two rows, of the gateway and of the bare server: medians of the rounds. */
export async function compareWithBare(
  gateway: Running,
  { answer, path, encoding, bytes }: Target,
  effort: Effort
): Promise<Row[]> {
  const bare = await startBare(bytes)
  const shootAt = (server: Running) => shoot(server, path, { encoding, ...effort })
  await shootAt(gateway)
  await shootAt(bare)
  const [ours, theirs]: [Shots[], Shots[]] = [[], []]
  for (let i = 0; i < effort.rounds; i++) {
    ours.push(await shootAt(gateway))
    theirs.push(await shootAt(bare))
  }
  await bare.stop()
  const ratio = (of: (own: Shots, bare: Shots) => number) =>
    round(median(ours.map((shot, i) => of(shot, theirs[i]!))), 2)
  return [
    {
      ...toRow(answer, ours),
      'of bare, rate': ratio((own, bare) => own.perSecond / bare.perSecond),
      'of bare, CPU': ratio((own, bare) => bare.cpu / own.cpu)
    },
    { ...toRow('bare node:http', theirs), 'of bare, rate': 1, 'of bare, CPU': 1 }
  ]
}

function toRow(answer: string, shots: readonly Shots[]): Row {
  const of = (name: keyof Shots) => median(shots.map(shot => shot[name]))
  return {
    answer,
    bytes: round(of('perAnswer')),
    'answers/s': round(of('perSecond')),
    'MB/s': round((of('perSecond') * of('perAnswer')) / 1e6),
    'p50 ms': round(of('p50'), 2),
    'p99 ms': round(of('p99'), 2),
    'CPU µs': round(of('cpu'), 1)
  }
}

async function shoot(
  { url, pid }: Running,
  path: string,
  { encoding, connections, seconds }: Effort & { readonly encoding: string }
): Promise<Shots> {
  const script = fileURLToPath(new URL('load.ts', import.meta.url))
  const args = [script, url + path, encoding, String(connections), String(seconds)]
  const before = cpuMs(pid)
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const cpu = (cpuMs(pid) - before) * 1000
  const { answers, bytes, ms, p50, p99 } = JSON.parse(stdout)
  return {
    perSecond: (answers / ms) * 1000,
    perAnswer: bytes / answers,
    p50,
    p99,
    cpu: cpu / answers
  }
}
