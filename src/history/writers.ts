/** A gateway that writes its part of the history, and when it last did. */
export interface Writer {
  /** Number of the last batch that is in the store: one that is written again after a doubtful failure counts once. */
  readonly batch: number
  /** Ms since the epoch. */
  readonly at: number
}

/** One that did not write for so long is gone, ms; and after so long it is forgotten. */
const liveMs = 180_000
const keptMs = 3_600_000
/** Most that are remembered, however often gateways are started anew. */
const maxWriters = 100

export const encodeWriter = ({ batch, at }: Writer): Buffer =>
  Buffer.from(JSON.stringify({ format: 1, batch, at }))

/** Undefined for what is no writer of this format. */
export function decodeWriter(stored: Buffer): Writer | undefined {
  const { format, batch, at } = JSON.parse(stored.toString())
  return format === 1 ? { batch, at } : undefined
}

type Writers = ReadonlyMap<string, Writer>

const age = (writer: Writer, now: number): number => Math.abs(now - writer.at)

/** How many gateways write now. */
export const liveWriters = (writers: Writers, now: number): number =>
  [...writers.values()].filter(writer => age(writer, now) < liveMs).length

/** Names of those to be forgotten, of all but the one that writes. */
export const staleWriters = (others: Writers, now: number): string[] =>
  [...others]
    .sort(([, a], [, b]) => age(a, now) - age(b, now))
    .filter(([, writer], i) => i >= maxWriters - 1 || age(writer, now) > keptMs)
    .map(([name]) => name)
