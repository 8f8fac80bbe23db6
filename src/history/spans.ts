/** A time that the history covers, in slots of one length. */
export interface Span {
  readonly slotMs: number
  /** How many slots are kept. */
  readonly slots: number
}

export const spans = {
  day: { slotMs: 600_000, slots: 144 },
  month: { slotMs: 3_600_000, slots: 720 }
} as const satisfies Record<string, Span>

export type SpanName = keyof typeof spans
export const spanNames = Object.keys(spans) as SpanName[]

/** The slot of this instant. */
export const slotAt = ({ slotMs }: Span, now: number): number => Math.floor(now / slotMs)

/** True for the slots that the span still covers now; not for those that a wrong clock put into the future. */
export const covers = (span: Span, no: number, now: number): boolean => {
  const last = slotAt(span, now)
  return no <= last && no > last - span.slots
}
